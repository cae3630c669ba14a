/**
 * Aim: a person can try the API with the `/swagger` page of the executable, in a real browser and
 * without the internet.
 */

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { Browser } from "./browser.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`/swagger in a browser is skipped: ${NO_SYSTEM_PACKAGES}`);
}

const METHODS = ["get", "post", "put", "patch", "delete"];

const testInBrowser = test.skipIf(NO_SYSTEM_PACKAGES !== undefined);

describe("the /swagger page in Chromium", () => {
  testInBrowser("lists every operation of the document, and asks nobody else", async () => {
    await using server = await startServer();
    using browser = await Browser.open(server.webUrl);
    await showPage(browser, server);
    const operations = (await browser.textsOf(".opblock-summary")).map(methodAndPath);
    expect(operations).toContain("GET /api/biometric/logs");
    expect(operations.sort()).toEqual(await documentedOperations(server));
    expectQuiet(browser);
  });

  testInBrowser("takes a token, and shows the punch that `GET /v1/punches` answers", async () => {
    await using server = await startServer();
    const port = String(server.terminalPort);
    await server.run("simulate", "--port", port, "--punches", "1");
    using browser = await Browser.open(server.webUrl);
    await showPage(browser, server);
    await browser.click(".auth-wrapper .authorize");
    await browser.click(".auth-container input");
    await browser.view.type(await server.token());
    await browser.click(".auth-container .authorize");
    await browser.click(".auth-container .btn-done");

    await browser.click('.opblock-summary-path[data-path="/v1/punches"]');
    await browser.click(".try-out__btn");
    await browser.click(".execute");

    const answer = ".live-responses-table .response";
    await eventually("the answer is shown", async () => (await browser.textsOf(answer)).length > 0);
    expect(await browser.textsOf(`${answer} .response-col_status`)).toEqual(["200"]);
    const [body = ""] = await browser.textsOf(`${answer} .response-col_description code`);
    const [punch, ...others] = await server.listPunches();
    expect([punch?.device_id, others]).toEqual(["SIM0001", []]);
    expect(JSON.parse(body)).toMatchObject({ punches: [punch], has_more: false });
    expectQuiet(browser);
  });

  testInBrowser("may not ask anybody else, which would be noticed", async () => {
    await using server = await startServer();
    using browser = await Browser.open(server.webUrl);
    await showPage(browser, server);
    const asked = "fetch('http://elsewhere.test/').then(() => 'answered', () => 'refused')";
    expect(await browser.view.evaluate<string>(asked)).toBe("refused");
    await eventually("the console tells", () => browser.complaints.length > 0);
    expect(browser.complaints.join("\n")).toContain("Content Security Policy");
    expect(browser.outsideRequests).toEqual([]);

    await browser.view.navigate("http://elsewhere.test/");
    expect(browser.outsideRequests).toEqual(["GET http://elsewhere.test/ HTTP/1.1"]);
  });
});

/** Opens the page and waits until Swagger UI has read the document. */
async function showPage(browser: Browser, server: RunningServer): Promise<void> {
  await browser.view.navigate(`${server.webUrl}/swagger`);
  await eventually("operations are shown", async () => {
    return (await browser.textsOf(".opblock-summary")).length > 0;
  });
}

/** Swagger UI lets a long path break after its slashes, with a space of no width. */
function methodAndPath(summary: string): string {
  return summary.replaceAll("\u200B", "").split(/\s+/, 2).join(" ");
}

async function documentedOperations(server: RunningServer): Promise<string[]> {
  const response = await fetch(`${server.webUrl}/swagger/json`);
  const document: { paths: Record<string, object> } = JSON.parse(await response.text());
  return Object.entries(document.paths)
    .flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => METHODS.includes(method))
        .map((method) => `${method.toUpperCase()} ${path}`),
    )
    .sort();
}

function expectQuiet(browser: Browser): void {
  expect(browser.complaints).toEqual([]);
  expect(browser.outsideRequests).toEqual([]);
}
