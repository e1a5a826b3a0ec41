"""The methods of the Bot API that a bot without files needs, with the refusals of the real server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tests.telegram_api.entities import parse_html
from tests.telegram_api.errors import NOT_MODIFIED, QUERY_TOO_OLD, Refusal, bad_request
from tests.telegram_api.world import Chat, Message, User, World

TEXT_LIMIT = 4096  # code points after parsing
REACTIONS = set(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)

Params = Mapping[str, Any]


class Methods:
    """One function for each method, under its name in lower case."""

    def __init__(self, world: World) -> None:
        self.world = world

    def getme(self, params: Params) -> Any:
        rights = {"can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": True}
        return self.world.bot.json() | rights

    def getchat(self, params: Params) -> Any:
        chat = self._chat(params)
        return chat.json() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": {
            "unlimited_gifts": False, "limited_gifts": False, "unique_gifts": False, "premium_subscription": False,
            "gifts_from_channels": False,
        }}  # fmt: skip

    def getchatmember(self, params: Params) -> Any:
        chat, user = self._open(params), self.world.users.get(int(params["user_id"]))
        if user is None:
            raise bad_request("user not found")
        if chat.user is None and user.id in chat.admins:
            return self._administrator(user)
        return {"status": "member", "user": user.json()}

    @staticmethod
    def _administrator(user: User) -> Any:
        rights = (
            "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
            "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
            "can_edit_stories", "can_delete_stories", "can_send_welcome_messages",
        )  # fmt: skip
        return {"status": "administrator", "user": user.json()} | dict.fromkeys(rights, False)

    def leavechat(self, params: Params) -> Any:
        chat = self._chat(params)
        if chat.user:
            raise bad_request("chat is not a supergroup or group")
        chat.bot_is_in = False
        return True

    def sendchataction(self, params: Params) -> Any:
        self.world.actions.append((self._open(params).id, str(params["action"])))
        return True

    def sendmessagedraft(self, params: Params) -> Any:
        chat = self._open(params)
        if not chat.user:
            raise bad_request("TEXTDRAFT_PEER_INVALID")
        self.world.drafts.append((chat.id, int(params["draft_id"]), str(params.get("text", ""))))
        return True

    def sendmessage(self, params: Params) -> Any:
        chat = self._open(params)
        text, entities = self._text(params)
        thread = self._thread(chat, params)
        reply = self._reply(chat, params)
        markup = _markup(params)
        message = Message(
            chat, self.world.next_id(chat), self.world.bot, text, time.time(), entities, thread, reply, markup,
        )  # fmt: skip
        body = self.world.add_message(message).json()
        if reply is not None:
            body["reply_to_message"] = self.world.messages[chat.id, reply].json()
        message.extra["link_preview_options"] = params.get("link_preview_options") or {}
        return body | {"link_preview_options": message.extra["link_preview_options"]}

    def editmessagetext(self, params: Params) -> Any:
        message = self._own(params, "edit")
        text, entities = self._text(params)
        markup = _markup(params)
        if (text, entities, markup) == (message.text, message.entities, message.markup):
            raise bad_request(NOT_MODIFIED)
        message.edits.append(message.text)
        message.text, message.entities, message.markup = text, entities, markup
        return message.json()

    def editmessagereplymarkup(self, params: Params) -> Any:
        message = self._own(params, "edit")
        markup = _markup(params)
        if markup == message.markup:
            raise bad_request(NOT_MODIFIED)
        message.markup = markup
        return message.json()

    def deletemessage(self, params: Params) -> Any:
        message = self.world.messages.get((self._chat(params).id, int(params["message_id"])))
        if message is None or message.deleted:
            raise bad_request("message to delete not found")
        if message.sender is not self.world.bot and not message.chat.user:
            raise bad_request("message can't be deleted")
        if time.time() - message.at > 48 * 3600:
            raise bad_request("message can't be deleted for everyone")
        message.deleted = True
        return True

    def setmessagereaction(self, params: Params) -> Any:
        message = self.world.messages.get((self._open(params).id, int(params["message_id"])))
        if message is None:
            raise bad_request("message to react not found")
        emojis = [reaction.get("emoji", "") for reaction in params.get("reaction", [])]
        if any(emoji not in REACTIONS for emoji in emojis):
            raise bad_request("REACTION_INVALID")
        message.reactions = emojis
        return True

    def answercallbackquery(self, params: Params) -> Any:
        if len(str(params.get("text", ""))) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        return self._query(str(params["callback_query_id"]), params)

    def answerinlinequery(self, params: Params) -> Any:
        results = params["results"]
        if len(results) > 50:
            raise bad_request("RESULTS_TOO_MUCH")
        if len({result["id"] for result in results}) < len(results):
            raise bad_request("RESULT_ID_DUPLICATE")
        for result in results:
            if not 1 <= len(str(result["id"]).encode()) <= 64:
                raise bad_request("RESULT_ID_INVALID")
            content = dict(result["input_message_content"])
            content["text"] = content.pop("message_text")
            self._text(content)
        return self._query(str(params["inline_query_id"]), params)

    def setmycommands(self, params: Params) -> Any:
        for command in params["commands"]:
            name = command["command"]
            if not (
                1 <= len(name) <= 32 and name.replace("_", "a").isalnum() and name == name.lower() and name.isascii()
            ):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self.world.commands[self._scope(params)] = list(params["commands"])
        return True

    def getmycommands(self, params: Params) -> Any:
        return self.world.commands.get(self._scope(params), [])

    def deletemycommands(self, params: Params) -> Any:
        self.world.commands.pop(self._scope(params), None)
        return True

    def _scope(self, params: Params) -> tuple[str, str]:
        return (params.get("scope", {}).get("type", "default"), str(params.get("language_code", "")))

    # --- checks -----------------------------------------------------------------------------------------------------

    def _query(self, number: str, params: Params) -> bool:
        if number not in self.world.queries or number in self.world.too_old:
            raise bad_request(QUERY_TOO_OLD)
        self.world.queries[number].append(dict(params))
        return True

    def _chat(self, params: Params) -> Chat:
        try:
            chat = self.world.chats[int(params["chat_id"])]
        except (KeyError, ValueError):
            raise bad_request("chat not found") from None
        if chat.migrated_to:
            raise Refusal(
                400, "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )  # fmt: skip
        return chat

    def _open(self, params: Params) -> Chat:
        chat = self._chat(params)
        if chat.user and not chat.started:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if not chat.user and not chat.bot_is_in:
            raise Refusal(
                403, f"Forbidden: bot was kicked from the {'group' if chat.type == 'group' else 'supergroup'} chat"
            )
        return chat

    def _text(self, params: Params) -> tuple[str, list[dict[str, Any]]]:
        text, entities = str(params.get("text", "")), []
        mode = str(params.get("parse_mode", "")).lower()
        if mode == "html":
            text, entities = parse_html(text)
        elif mode:
            raise bad_request("unsupported parse_mode")
        text = text.strip() if not entities else text
        if not text:
            raise bad_request("message text is empty")
        if len(text) > TEXT_LIMIT:
            raise bad_request("message is too long")
        return text, entities

    def _thread(self, chat: Chat, params: Params) -> int | None:
        if "message_thread_id" not in params:
            return None
        thread = int(params["message_thread_id"])
        if thread not in chat.topics:
            raise bad_request("message thread not found")
        return thread

    def _reply(self, chat: Chat, params: Params) -> int | None:
        wanted = params.get("reply_parameters")
        if not wanted:
            return None
        number = int(wanted["message_id"])
        result = self.world.messages.get((chat.id, number))
        if result and not result.deleted:
            return number
        if wanted.get("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")

    def _own(self, params: Params, text: str) -> Message:
        message = self.world.messages.get((self._open(params).id, int(params["message_id"])))
        if message is None or message.deleted:
            raise bad_request(f"message to {text} not found")
        if message.sender is not self.world.bot:
            raise bad_request(f"message can't be {text}ed")
        return message


def _markup(params: Params) -> dict[str, Any] | None:
    markup: dict[str, Any] | None = params.get("reply_markup") or None
    rows = (markup or {}).get("inline_keyboard", [])
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100:
        raise bad_request("reply markup is too long")
    for button in buttons:
        if not button.get("text"):
            raise bad_request("inline keyboard button text must be non-empty")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
    return markup if buttons else None
