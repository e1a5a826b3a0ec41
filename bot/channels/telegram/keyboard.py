"""Choices as inline buttons: pure layout. A button carries nothing but its random handle."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages import ShownChoice

SHORT = 24  # a label up to this long is shown whole; a numbered one beyond it as its number, which the text explains
IN_A_ROW = {"number": 5, "label": 2}


def keyboard(choices: Sequence[ShownChoice]) -> InlineKeyboardMarkup | None:
    """The buttons of a message: numbers in one row, then everything else."""
    pressable = [choice for choice in choices if choice.handle]
    as_number = any(len(choice.label) > SHORT for choice in pressable if choice.number is not None)
    numbered = [choice for choice in pressable if choice.number is not None and as_number]
    labelled = [choice for choice in pressable if choice.number is None or not as_number]
    rows = [
        *_rows([_button(str(choice.number), choice) for choice in numbered], IN_A_ROW["number"]),
        *_rows([_button(_label(choice), choice) for choice in labelled], IN_A_ROW["label"]),
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(text: str, choice: ShownChoice) -> InlineKeyboardButton:
    return InlineKeyboardButton(text, callback_data=choice.handle)


def _label(choice: ShownChoice) -> str:
    return choice.label.strip()[:60] or choice.command[:60]


def _rows(buttons: Sequence[InlineKeyboardButton], width: int) -> list[Sequence[InlineKeyboardButton]]:
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]
