// Builds Element Web 1.11.81 into dist/: matrix-react-sdk 3.114.0 is its whole interface, and npm serves it.
// Left out: voice messages, rich text, maps, languages but German and English, and every theme but the light one.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "@svgr/core";
import svgJsx from "@svgr/plugin-jsx";
import * as esbuild from "esbuild";
import postcss from "postcss";
import easings from "postcss-easings";
import hexrgba from "postcss-hexrgba";
import imports from "postcss-import";
import mixins from "postcss-mixins";
import nested from "postcss-nested";
import scss from "postcss-scss";
import variables from "postcss-simple-vars";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "dist");
const sdk = join(here, "node_modules/matrix-react-sdk");
const js = join(here, "node_modules/matrix-js-sdk");
const DROPPED = /^(opus-recorder\/|posthog-js$|@sentry\/browser$)/;
const LANGUAGES = { de: "de_DE.json", en: "en_EN.json" };

// What Element's own build leaves to loaders of webpack.
const loaders = {
  name: "loaders",
  setup(build) {
    build.onResolve({ filter: /^\$webapp\/i18n\/languages\.json$/ }, () => ({ path: "languages", namespace: "address" }));
    build.onLoad({ filter: /.*/, namespace: "address" }, () => ({ contents: 'module.exports = "i18n/languages.json";' }));
    build.onResolve({ filter: /^!!raw-loader!|\/RecorderWorklet$/ }, () => ({ path: "text", namespace: "dropped" }));
    build.onResolve({ filter: DROPPED }, ({ path }) => ({ path, namespace: "dropped" }));
    build.onLoad({ filter: /.*/, namespace: "dropped" }, () => ({ contents: "module.exports = {};" }));
    build.onResolve({ filter: /^matrix-js-sdk\/src\// }, ({ path, kind }) =>
      build.resolve(`./${path.replace("matrix-js-sdk/src/", "")}`, { kind, resolveDir: join(js, "lib") }));
    build.onResolve({ filter: /^(\.\.\/)+src\// }, ({ path, kind }) => // a slip of the release: its own sources, again
      build.resolve(`./${path.replace(/^(\.\.\/)+src\//, "")}`, { kind, resolveDir: join(sdk, "lib") }));
    build.onResolve({ filter: /^\..*\.tsx?$/ }, ({ path, kind, resolveDir }) =>
      build.resolve(path.replace(/\.tsx?$/, ""), { kind, resolveDir }));
    build.onLoad({ filter: /lib\/workers\/\w+WorkerFactory\.js$/ }, ({ path }) => {
      const worker = path.match(/(\w+)WorkerFactory/)[1];
      return { contents: `exports.__esModule = true; exports.default = () => new Worker("${worker}.worker.js");` };
    });
    build.onLoad({ filter: /recorderWorkletFactory\.js$/ }, () => ({ contents: "exports.__esModule = true; exports.default = async () => {};" }));
    build.onLoad({ filter: /\.svg$/ }, async ({ path }) => {
      const source = readFileSync(path, "utf8");
      const component = await transform(source, { plugins: [svgJsx], jsxRuntime: "classic", namedExport: "Icon", exportType: "named" });
      const data = `data:image/svg+xml;base64,${Buffer.from(source).toString("base64")}`;
      return { contents: `${component}\nexport default "${data}";`, loader: "jsx" };
    });
  },
};

async function styles() {
  const path = join(sdk, "res/themes/light/css/light.pcss");
  const plugins = [imports(), mixins(), variables(), nested(), easings(), hexrgba()];
  const { css } = await postcss(plugins).process(readFileSync(path, "utf8"), { from: path, parser: scss });
  await esbuild.build({
    stdin: { contents: css, loader: "css", resolveDir: dirname(path) },
    outfile: join(out, "light.css"), bundle: true, minify: true, logLevel: "error", assetNames: "assets/[name]-[hash]",
    loader: Object.fromEntries([".svg", ".png", ".gif", ".woff", ".woff2"].map((kind) => [kind, "file"])),
  });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "i18n"), { recursive: true });
await Promise.all([
  styles(),
  esbuild.build({
    entryPoints: {
      app: join(here, "app.cjs"),
      "indexeddb.worker": join(sdk, "lib/workers/indexeddb.worker.js"),
      "playback.worker": join(sdk, "lib/workers/playback.worker.js"),
      "blurhash.worker": join(sdk, "lib/workers/blurhash.worker.js"),
    },
    outdir: out, bundle: true, minify: true, logLevel: "error", format: "iife", platform: "browser", target: "chrome120",
    assetNames: "assets/[name]-[hash]", plugins: [loaders],
    loader: { ".png": "file", ".woff2": "file", ".wasm": "file", ".css": "empty" },
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    banner: { js: 'globalThis.process = { env: {}, browser: true, cwd: () => "/", nextTick: (run, ...rest) => queueMicrotask(() => run(...rest)) };' },
  }),
]);
cpSync(join(here, "index.html"), join(out, "index.html"));
writeFileSync(join(out, "i18n/languages.json"), JSON.stringify(LANGUAGES));
for (const file of Object.values(LANGUAGES)) cpSync(join(sdk, "src/i18n/strings", file), join(out, "i18n", file));
