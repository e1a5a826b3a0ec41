"""Choices as inline buttons: pure layout. A button carries only its random handle."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages import ShownChoice

SHORT = 24  # longer labels of numbered choices are shown as the number, which the text explains
IN_A_ROW = {"number": 5, "label": 2}


def keyboard(choices: Sequence[ShownChoice]) -> InlineKeyboardMarkup | None:
    """Return the buttons of a message: numbers in rows first, then labels; ``None`` without buttons."""
    pressable = [choice for choice in choices if choice.handle]
    as_number = any(len(choice.label) > SHORT for choice in pressable if choice.number is not None)
    numbered = [choice for choice in pressable if choice.number is not None and as_number]
    labelled = [choice for choice in pressable if choice.number is None or not as_number]
    rows = [
        *_rows([_button(str(choice.number), choice) for choice in numbered], IN_A_ROW["number"]),
        *_rows(
            [_button(choice.label.strip()[:60] or choice.command[:60], choice) for choice in labelled],
            IN_A_ROW["label"],
        ),
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(text: str, choice: ShownChoice) -> InlineKeyboardButton:
    return InlineKeyboardButton(text, callback_data=choice.handle)


def _rows(buttons: Sequence[InlineKeyboardButton], width: int) -> list[Sequence[InlineKeyboardButton]]:
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]
