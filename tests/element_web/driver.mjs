// Users of Element Web in headless Chromium, as told on stdin: one JSON object a line, one answer a line. Every user has
// a browser profile of its own. What can be clicked or typed is clicked and typed; only ids and the state of the
// encryption are read from the client's memory.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [, , chromiumPath, address, patience] = process.argv;
const ANSWER_TO = "org.stadtlotse.answer_to";
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const COMPOSER = '.mx_BasicMessageComposer_input[role="textbox"]';
const PLACES = { room: ".mx_RoomView_body", thread: ".mx_ThreadView" };
// The panels beside a room, folded away as on a phone.
const FOLDED = ".mx_LeftPanel_outerWrapper, .mx_SpacePanel, .mx_ToastContainer { display: none !important; }";
const BESIDE = {
  room: ".mx_RightPanel_ResizeWrapper { display: none !important; }",
  thread: ".mx_RightPanel_ResizeWrapper { position: fixed !important; inset: 0; width: 390px !important; max-width: none !important; z-index: 99; }",
};

const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });
const pages = new Map();

// Waits for a value from the page's own code, which may be asynchronous.
async function until(page, found, argument) {
  for (const end = Date.now() + patience * 1000; Date.now() < end; await page.waitForTimeout(50)) {
    const value = await page.evaluate(found, argument);
    if (value) return value;
  }
  throw new Error(`waited in vain for ${found}`);
}

const tile = (page, event) => page.locator(`.mx_EventTile[data-event-id="${event}"], .mx_EventTile[data-scroll-tokens="${event}"]`).last();

async function composer(page, where) {
  const field = page.locator(`${PLACES[where]} ${COMPOSER}`).last();
  await field.click();
  return field;
}

async function typed(page, text) {
  for (const [number, line] of text.split("\n").entries()) {
    if (number) await page.keyboard.press("Shift+Enter");
    await page.keyboard.insertText(line);
  }
}

// Waits until the server has taken what the user wrote last; returns the event's id.
function sent(page, known) {
  return until(page, (before) => {
    const client = window.mxMatrixClientPeg.get();
    const room = client.getRoom(window.location.hash.split("/")[2]?.split("?")[0]);
    if (!room) return null;
    const events = [...room.getLiveTimeline().getEvents(), ...room.getThreads().flatMap((thread) => thread.events)];
    const kinds = ["m.room.message", "org.matrix.msc3381.poll.response", "m.poll.response"];
    return events.findLast((event) => event.getSender() === client.getUserId() && kinds.includes(event.getType())
      && !event.status && !before.includes(event.getId()))?.getId() ?? null;
  }, known);
}

const own = (page) => page.evaluate(() => {
  const client = window.mxMatrixClientPeg.get();
  return client.getRooms().flatMap((room) => [...room.getLiveTimeline().getEvents(), ...room.getThreads().flatMap((one) => one.events)])
    .filter((event) => event.getSender() === client.getUserId()).map((event) => event.getId());
});

const actions = {
  async open({ homeserver, user, password }) {
    const context = await browser.newContext({ viewport: WIDE, locale: "de-DE", deviceScaleFactor: 1 });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await context.newPage();
    page.setDefaultTimeout(patience * 1000);
    pages.set(user, page);
    await page.goto(`${address}/?homeserver=${encodeURIComponent(homeserver)}#/login`);
    await page.fill("#mx_LoginForm_username", user);
    await page.fill("#mx_LoginForm_password", password);
    await page.click(".mx_Login_submit");
    await page.waitForSelector(".mx_HomePage, .mx_RoomView");
    await until(page, async () => {
      const client = window.mxMatrixClientPeg.get();
      return (await client.getCrypto()?.getDeviceVerificationStatus(client.getUserId(), client.getDeviceId()))?.crossSigningVerified;
    });
    return true;
  },
  // "Send message" in the profile of another user; the encrypted room comes with the first message.
  async chat({ user, other }) {
    const page = pages.get(user);
    await page.evaluate((to) => { window.location.hash = `#/user/${to}`; }, other);
    await page.locator(".mx_UserInfo").getByRole("button", { name: /^(Nachricht senden|Send message)$/ }).click();
    await page.waitForSelector(`${PLACES.room} ${COMPOSER}`);
    return true;
  },
  async show({ user, room }) {
    const page = pages.get(user);
    await page.evaluate((id) => { window.location.hash = `#/room/${id}`; }, room);
    await page.waitForSelector(`${PLACES.room} ${COMPOSER}`);
    return true;
  },
  // Accepts the one invitation that waits; returns the room.
  async accept({ user }) {
    const page = pages.get(user);
    const room = await until(page, () => window.mxMatrixClientPeg.get().getRooms()
      .find((one) => one.getMyMembership() === "invite")?.roomId);
    await page.evaluate((id) => { window.location.hash = `#/room/${id}`; }, room);
    await page.locator(".mx_RoomPreviewBar_actions .mx_AccessibleButton_kind_primary").first().click();
    await page.waitForSelector(`${PLACES.room} ${COMPOSER}`);
    return room;
  },
  // Writes; "mention": a user that is named first, by a pill from the list of completions.
  async say({ user, text, where = "room", mention }) {
    const page = pages.get(user);
    const known = await own(page);
    await composer(page, where);
    if (mention) {
      await page.keyboard.type(`@${mention.split(":")[0].slice(1)}`);
      await page.locator(".mx_Autocomplete_Completion").first().waitFor();
      await page.keyboard.press("Tab");
      await page.locator(`${PLACES[where]} ${COMPOSER} .mx_UserPill`).first().waitFor();
    }
    await typed(page, text);
    await page.keyboard.press("Enter");
    return sent(page, known);
  },
  // Changes what was written last, as a person does: arrow up.
  async edit({ user, text }) {
    const page = pages.get(user);
    const known = await own(page);
    await composer(page, "room");
    await page.keyboard.press("ArrowUp");
    await page.locator(".mx_EditMessageComposer").waitFor();
    await page.keyboard.press("Control+A");
    await typed(page, text);
    await page.keyboard.press("Enter");
    await page.locator(".mx_EditMessageComposer").waitFor({ state: "detached" });
    return sent(page, known).catch(() => null);
  },
  // The numbered choices of a message.
  async choices({ user, event }) {
    return tile(pages.get(user), event).locator("ol").last().locator(":scope > li").evaluateAll((items) => items.map((one) =>
      [one.innerText, ...[...one.querySelectorAll("a")].map((link) => decodeURIComponent(link.href))].join(" ")));
  },
  // Clicks a choice of the newest poll.
  async vote({ user, choice }) {
    const page = pages.get(user);
    const known = await own(page);
    await page.locator(".mx_MPollBody").last().locator(".mx_PollOption").filter({ hasText: choice }).first().click();
    return sent(page, known);
  },
  async thread({ user, event }) {
    const page = pages.get(user);
    await tile(page, event).locator(".mx_ThreadSummary").click();
    await page.waitForSelector(`${PLACES.thread} ${COMPOSER}`);
    return true;
  },
  // The one answer to a message: what the client decrypted, and whether it warns.
  async answer({ user, question }) {
    const page = pages.get(user);
    return until(page, async ([key, id]) => {
      const client = window.mxMatrixClientPeg.get();
      for (const room of client.getRooms()) {
        const events = [...room.getLiveTimeline().getEvents(), ...room.getThreads().flatMap((one) => one.events)];
        const event = events.find((one) => one.getContent()[key] === id || one.getOriginalContent()[key] === id);
        if (!event) continue;
        const info = event.isEncrypted() ? await client.getCrypto().getEncryptionInfoForEvent(event) : null;
        return { event: event.getId(), encrypted: event.isEncrypted(), unreadable: event.isDecryptionFailure(),
          shield: info?.shieldColour ?? null, thread: event.threadRootId ?? null, edited: Boolean(event.replacingEventId()),
          content: event.getContent() };
      }
      return null;
    }, [ANSWER_TO, question]);
  },
  async wait_edited({ user, event }) {
    await until(pages.get(user), (id) => window.mxMatrixClientPeg.get().getRooms()
      .some((room) => room.findEventById(id)?.replacingEventId()), event);
    return true;
  },
  // A message as it is shown.
  async shown({ user, event }) {
    const page = pages.get(user);
    const found = tile(page, event);
    await found.waitFor();
    return found.evaluate((shown) => ({
      text: shown.querySelector(".mx_EventTile_line, .mx_MPollBody")?.innerText ?? shown.innerText,
      html: shown.innerHTML,
      links: [...shown.querySelectorAll("a[href]")].filter((link) => !link.querySelector("time") && !link.matches(".mx_MessageTimestamp"))
        .map((link) => ({ href: link.getAttribute("href"), text: link.innerText })),
      top: shown.getBoundingClientRect().top, height: shown.getBoundingClientRect().height,
    }));
  },
  async messages({ user }) {
    return pages.get(user).evaluate(() => [...document.querySelectorAll(".mx_EventTile[data-event-id], .mx_EventTile[data-scroll-tokens]")]
      .map((shown) => ({ event: shown.dataset.eventId ?? shown.dataset.scrollTokens, own: shown.dataset.self === "true", text: shown.innerText })));
  },
  // Clicks a link; returns the user whose profile opened.
  async profile({ user, event, href }) {
    const page = pages.get(user);
    await tile(page, event).locator(`a[href="${href}"]`).first().click();
    return page.locator(".mx_UserInfo_profile_mxid").innerText();
  },
  // What is selected with the mouse and copied.
  async copied({ user, event }) {
    const page = pages.get(user);
    return tile(page, event).evaluate((shown) => {
      window.getSelection().selectAllChildren(shown.querySelector(".mx_EventTile_body") ?? shown);
      return window.getSelection().toString();
    });
  },
  // A picture as a phone shows it, and how high a message is there.
  async picture({ user, file, event, where = "room" }) {
    const page = pages.get(user);
    await page.setViewportSize(PHONE);
    const style = await page.addStyleTag({ content: FOLDED + BESIDE[where] });
    await page.waitForTimeout(500); // the client lays out anew, with no event to wait for
    const height = event ? (await tile(page, event).boundingBox())?.height : null;
    await page.screenshot({ path: file });
    await style.evaluate((element) => element.remove());
    await page.setViewportSize(WIDE);
    return height;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  actions[request.do](request)
    .then((result) => ({ id: request.id, result: result ?? null }), async (error) => ({
      id: request.id, error: String(error?.stack ?? error), shows: await pages.get(request.user)?.evaluate(() => document.body.innerText).catch(() => ""),
    }))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
await browser.close();
process.exit(0);
