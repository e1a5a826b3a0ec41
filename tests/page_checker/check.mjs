// Reads pages from stdin, {name: html}, and prints what axe-core finds wrong with each, {name: ["rule: element"]}.
// jsdom has no layout: contrast and sizes are computed from the stylesheet by tests/bot/web/pages/test_html.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { JSDOM, VirtualConsole } from "jsdom";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const options = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  rules: { "color-contrast": { enabled: false }, "target-size": { enabled: false } },
  resultTypes: ["violations"],
};

const found = {};
for (const [name, html] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const { window } = new JSDOM(html, { runScripts: "outside-only", virtualConsole: new VirtualConsole() });
  window.eval(axe);
  const { violations } = await window.axe.run(window.document, options);
  found[name] = violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`));
  window.close();
}
console.log(JSON.stringify(found));
