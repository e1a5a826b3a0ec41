// What the repository of Element Web adds to matrix-react-sdk, as far as a test needs it: a configuration, a platform,
// addresses that follow the screens, and the start.
globalThis.Buffer = require("buffer/").Buffer;
require("matrix-js-sdk/src/browser-index");
const SdkConfig = require("matrix-react-sdk/lib/SdkConfig").default;

const CONFIG = {
  brand: "Element", disable_guests: true, features: { feature_release_announcement: false },
  setting_defaults: { fallbackICEServerAllowed: false, language: "de", urlPreviewsEnabled: false, "UIFeature.identityServer": false },
};

const screenOf = (address) => {
  const [path, query] = address.hash.slice(1).split("?");
  return { screen: path.replace(/^\//, ""), params: Object.fromEntries(new URLSearchParams(query)) };
};

function platform() {
  const BasePlatform = require("matrix-react-sdk/lib/BasePlatform").default;
  return new (class extends BasePlatform {
    getConfig = async () => SdkConfig.get();
    getDefaultDeviceDisplayName = () => "Element";
    getHumanReadableName = () => "Web Platform";
    requestNotificationPermission = async () => "denied";
    getAppVersion = async () => "1.11.81";
    reload = () => window.location.reload();
  })();
}

async function start(homeserver) {
  SdkConfig.put(CONFIG); // before any other module: many read it while they are loaded
  const { createElement } = require("react");
  const { render } = require("react-dom");
  await require("matrix-react-sdk/lib/rageshake/rageshake").init(false);
  require("matrix-react-sdk/lib/PlatformPeg").default.set(platform());
  const { setLanguage } = require("matrix-react-sdk/lib/languageHandler");
  const { setTheme } = require("matrix-react-sdk/lib/theme");
  const AutoDiscovery = require("matrix-react-sdk/lib/utils/AutoDiscoveryUtils").default;
  const MatrixChat = require("matrix-react-sdk/lib/components/structures/MatrixChat").default;
  await setLanguage(["de"]);
  await setTheme("light");
  SdkConfig.add({ validated_server_config: await AutoDiscovery.validateServerConfigWithStaticUrls(homeserver) });
  window.addEventListener("hashchange", () => {
    const { screen, params } = screenOf(window.location);
    window.matrixChat.showScreen(screen, params);
  });
  const first = screenOf(window.location);
  const properties = {
    ref: (made) => { window.matrixChat = made; },
    config: SdkConfig.get(),
    onNewScreen: (screen, replace) => window.history[replace ? "replaceState" : "pushState"](null, "", `#/${screen}`),
    realQueryParams: {}, startingFragmentQueryParams: first.params, initialScreenAfterLogin: first,
    enableGuest: false, onTokenLoginCompleted: () => {}, defaultDeviceDisplayName: "Element",
  };
  render(createElement(MatrixChat, properties), document.getElementById("matrixchat"));
}

start(new URLSearchParams(window.location.search).get("homeserver")).catch((error) => { document.body.textContent = error.stack; });
