"""Start networks from random weights where the program would download pretrained ones.

This covers timm, and everything that uses `torch.hub.load_state_dict_from_url`, such as torchvision. A file of weights
that the program names itself is loaded as usual.
"""


class NotDownloaded(dict):
    """An empty replacement for a downloaded checkpoint: any key may be looked up or removed."""

    def __missing__(self, key):
        return NotDownloaded()

    def __delitem__(self, key):
        self.pop(key)

    def pop(self, key, default=None):
        """Remove a key like `dict.pop`; a missing key is no error."""
        return super(NotDownloaded, self).pop(key, default)


def _hub(module, report):
    def load_state_dict_from_url(url, *arguments, **options):
        report("random weights instead of {}".format(str(url).rpartition("/")[2]))
        return NotDownloaded()

    module.load_state_dict_from_url = load_state_dict_from_url


def _module(module, report):
    load = module.Module.load_state_dict

    def load_state_dict(self, state_dict, *arguments, **options):
        if isinstance(state_dict, NotDownloaded):
            return module._IncompatibleKeys([], [])
        return load(self, state_dict, *arguments, **options)

    module.Module.load_state_dict = load_state_dict


def _timm(module, report):
    load = module.load_pretrained

    def load_pretrained(model, pretrained_cfg=None, *arguments, **options):
        source = pretrained_cfg or getattr(model, "pretrained_cfg", None) or {}
        if source.get("file") or source.get("state_dict"):
            return load(model, pretrained_cfg, *arguments, **options)
        report("random weights instead of timm's for {}".format(source.get("architecture") or type(model).__name__))
        return None

    module.load_pretrained = load_pretrained


CHANGES = {
    "torch.hub": _hub,
    "torch.nn.modules.module": _module,
    "timm.models._builder": _timm,
    # before timm 0.9
    "timm.models.helpers": _timm,
}
