"""Which operands of an expression are hyperparameters? In `lr = 0.1 * 0.5 ** (epoch // 30)`, all three numbers.

`schedules` reads expressions and branches that compute a learning rate, `products` all other arithmetic.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from mutegreen.scan.forms import products, schedules
from mutegreen.scan.mention import Mention
from mutegreen.scan.source.module import Module

_Finder = Callable[[Module, Any], Iterator[Mention]]

_FINDERS: dict[type[ast.AST], _Finder] = {
    ast.AugAssign: schedules.updated_rate,  # lr *= 0.5
    ast.Return: schedules.returned_rate,  # def schedule(epoch): return 0.1 * 0.95 ** epoch
    ast.Lambda: schedules.lambda_rate,  # LambdaLR(optimizer, lambda epoch: 0.95 ** epoch)
    ast.BinOp: products.operands,  # 1e-4 * l2_loss, w - 0.01 * grad, len(train) // 32
    ast.Call: schedules.adjusting_call,  # adjust_learning_rate(optimizer, 0.1)
    ast.If: schedules.milestones,  # if epoch > 80: lr = 0.01
}


def mentions(module: Module) -> Iterator[Mention]:
    """Yield the operands that are hyperparameters."""
    for node in module.nodes:
        find = _FINDERS.get(type(node))
        if find is not None:
            yield from find(module, node)
    yield from schedules.assigned_rates(module)
