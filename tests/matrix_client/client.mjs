// A Matrix client on matrix-js-sdk with Rust crypto, driven by JSON lines: {"id", "do", ...} → {"id", "result" | "error"}.
// It talks only to devices that their owners have signed, and tells of every message what shield a person would see.
import { createInterface } from "node:readline";
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";
import { OnlySignedDevicesIsolationMode, VerifierEvent, VerificationPhase } from "matrix-js-sdk/lib/crypto-api/index.js";

// Node.js 20 has not got it yet.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};
logger.disableAll?.();
for (const name of ["log", "debug", "info", "warn", "error", "trace"]) console[name] = () => {};

let client, storageKey, verifier, sas, auth;
const ANSWER_TO = "org.stadtlotse.answer_to";

async function until(found, seconds = 110) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) {
    const value = await found();
    if (value) return value;
  }
  throw new Error("waited in vain");
}

const timeline = (room) => client.getRoom(room)?.getLiveTimeline().getEvents() ?? [];

async function shown(event) {
  const info = event.isEncrypted() ? await client.getCrypto().getEncryptionInfoForEvent(event) : null;
  return {
    event_id: event.getId(), relation: event.getWireContent()["m.relates_to"], sender: event.getSender(), type: event.getType(), content: event.getOriginalContent(),
    encrypted: event.isEncrypted(), unreadable: event.isDecryptionFailure(), reason: event.decryptionFailureReason,
    shield: info?.shieldColour ?? null, shield_reason: info?.shieldReason ?? null,
  };
}

const actions = {
  async login({ homeserver, user, password, key }) {
    const bare = sdk.createClient({ baseUrl: homeserver });
    const login = await bare.loginRequest({ type: "m.login.password", identifier: { type: "m.id.user", user }, password });
    client = sdk.createClient({
      baseUrl: homeserver, userId: login.user_id, deviceId: login.device_id, accessToken: login.access_token,
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => [Object.keys(keys)[0], Uint8Array.from(storageKey)],
        cacheSecretStorageKey: () => {},
      },
      verificationMethods: ["m.sas.v1"],
    });
    await client.initRustCrypto({ useIndexedDB: false });
    const crypto = client.getCrypto();
    crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
    await client.startClient({ initialSyncLimit: 50 });
    await until(() => client.getSyncState() === "SYNCING" || client.getSyncState() === "PREPARED");
    auth = { type: "m.login.password", identifier: { type: "m.id.user", user: login.user_id }, password };
    if (key) { // of the first device: this one joins
      storageKey = key;
      await until(() => crypto.userHasCrossSigningKeys(login.user_id, true));
    }
    await crypto.bootstrapCrossSigning({
      setupNewCrossSigning: !key, authUploadDeviceSigningKeys: async (request) => { await request(auth); },
    });
    if (!key) {
      const made = await crypto.createRecoveryKeyFromPassphrase();
      storageKey = [...made.privateKey];
      await crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => made, setupNewSecretStorage: true });
    }
    await until(async () => (await crypto.getDeviceVerificationStatus(login.user_id, login.device_id))?.crossSigningVerified);
    return { user_id: login.user_id, device_id: login.device_id, key: storageKey };
  },
  async reset() { // a new identity, as after a lost recovery key
    await client.getCrypto().bootstrapCrossSigning({
      setupNewCrossSigning: true, authUploadDeviceSigningKeys: async (request) => { await request(auth); },
    });
    return true;
  },
  async room({ invite, encrypted }) {
    const state = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
    const { room_id } = await client.createRoom({ invite, is_direct: true, preset: "private_chat", initial_state: encrypted ? [state] : [] });
    await until(() => client.getRoom(room_id));
    return room_id;
  },
  async joined({ room, user }) {
    return until(() => client.getRoom(room)?.getMember(user)?.membership === "join");
  },
  async say({ room, text, more }) {
    return (await client.sendMessage(room, { msgtype: "m.text", body: text, ...more })).event_id;
  },
  async answer({ room, question, seconds }) {
    return until(async () => {
      for (const event of timeline(room)) await event.attemptDecryption?.(client.getCrypto()).catch(() => {});
      const event = timeline(room).find((one) => one.getOriginalContent()[ANSWER_TO] === question);
      return event && shown(event);
    }, seconds);
  },
  async saying({ room, sender, text }) {
    return until(async () => {
      const event = timeline(room).find((one) => one.getSender() === sender && one.getContent().body?.includes(text));
      return event && shown(event);
    });
  },
  async unreadable({ room, sender }) {
    const event = await until(() => timeline(room).find((one) => one.getSender() === sender && one.isDecryptionFailure()));
    return event.getContent().body;
  },
  async events({ room }) {
    return Promise.all(timeline(room).map(shown));
  },
  async device_trust({ user }) {
    const devices = (await client.getCrypto().getUserDeviceInfo([user], true)).get(user) ?? new Map();
    const trusted = async (id) => (await client.getCrypto().getDeviceVerificationStatus(user, id))?.signedByOwner ?? false;
    return Object.fromEntries(await Promise.all([...devices.keys()].map(async (id) => [id, await trusted(id)])));
  },
  // Verification: "verify" begins and returns the emojis that this side shows; "confirm" says that they match.
  async verify({ room, user, device }) {
    const crypto = client.getCrypto();
    const request = room ? await crypto.requestVerificationDM(user, room) : await crypto.requestDeviceVerification(user, device);
    await until(() => request.phase === VerificationPhase.Ready || request.phase === VerificationPhase.Cancelled);
    if (request.phase === VerificationPhase.Cancelled) return { cancelled: request.cancellationCode };
    verifier = await request.startVerification("m.sas.v1");
    const shows = new Promise((done) => verifier.once(VerifierEvent.ShowSas, done));
    verifier.done = verifier.verify().then(() => "verified", (error) => `failed: ${error}`);
    sas = await shows;
    return { emojis: sas.sas.emoji };
  },
  async confirm() {
    await sas.confirm();
    return verifier.done;
  },
  async mismatch() {
    sas.mismatch();
    return verifier.done;
  },
  async verified({ user, wait }) {
    const now = async () => (await client.getCrypto().getUserVerificationStatus(user)).isCrossSigningVerified();
    return wait ? until(now) : now();
  },
  async stop() {
    client?.stopClient();
    return true;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  actions[request.do](request)
    .then((result) => ({ id: request.id, result }), (error) => ({ id: request.id, error: String(error?.stack ?? error) }))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
process.exit(0);
