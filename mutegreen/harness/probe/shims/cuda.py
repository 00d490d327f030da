"""`.cuda()` of tensors and modules does nothing where there is no GPU: all stays in main memory.

Where there is one, the first call puts torch's own methods back.
"""


def _torch(torch, tell):
    known = []

    def has_gpu():
        # Asked at the first call and not at the import: asking starts the driver, which a program may do later.
        if not known:
            known.append(torch.cuda.is_available())
        return known[0]

    for owner in (torch.Tensor, torch.nn.Module):
        _shim(owner, has_gpu, tell)


def _shim(owner, has_gpu, tell):
    original = owner.cuda

    def cuda(self, *arguments, **options):
        if has_gpu():
            owner.cuda = original
            tell("there is a GPU, and .cuda() is torch's own", acted=False)
            return original(self, *arguments, **options)
        tell("there is no GPU, and .cuda() did nothing")
        return self

    owner.cuda = cuda


CHANGES = {"torch": _torch}
