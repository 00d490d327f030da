"""Make `.cuda()` of tensors and modules do nothing where there is no GPU: all data stay in main memory.

Where there is a GPU, the first call restores torch's own methods.
"""


def _torch(torch, report):
    known = []

    def has_gpu():
        # Checked at the first call, not at the import: the check starts the driver, which a program may do later.
        if not known:
            known.append(torch.cuda.is_available())
        return known[0]

    for owner in (torch.Tensor, torch.nn.Module):
        _replace_cuda(owner, has_gpu, report)


def _replace_cuda(owner, has_gpu, report):
    original = owner.cuda

    def cuda(self, *arguments, **options):
        if has_gpu():
            owner.cuda = original
            report("there is a GPU, and .cuda() is torch's own", acted=False)
            return original(self, *arguments, **options)
        report("there is no GPU, and .cuda() did nothing")
        return self

    owner.cuda = cuda


CHANGES = {"torch": _torch}
