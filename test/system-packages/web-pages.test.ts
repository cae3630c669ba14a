/**
 * Aim: a person can use the pages of the executable in a real browser and without the internet:
 * `/swagger` to try the API, and `/` to find it.
 */

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { NO_SYSTEM_PACKAGES } from "./availability.ts";
import { Browser } from "./browser.ts";

if (NO_SYSTEM_PACKAGES !== undefined) {
  console.log(`pages in a browser are skipped: ${NO_SYSTEM_PACKAGES}`);
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
    await expectQuiet(browser);
  });

  testInBrowser("gets a token, takes it, and shows the record that a call answers", async () => {
    await using server = await startServer();
    const port = String(server.terminalPort);
    await server.run("simulate", "--port", port, "--punches", "1");
    using browser = await Browser.open(server.webUrl);
    await showPage(browser, server);
    const credentials = {
      client_id: "hris_system",
      client_secret: server.secret("hris-api-secret-key"),
    };
    const issued = await tryOut(browser, "/api/auth/token", JSON.stringify(credentials));
    const { token }: { token: string } = JSON.parse(issued);
    await browser.click(".auth-wrapper .authorize");
    await browser.click(".auth-container input");
    await browser.view.type(token);
    await browser.click(".auth-container .authorize");
    await browser.click(".auth-container .btn-done");

    const [log, ...others] = await server.listLogs();
    expect([log?.device_id, others]).toEqual(["SIM0001", []]);
    const logs = await tryOut(browser, "/api/biometric/logs");
    expect(JSON.parse(logs)).toMatchObject({ success: true, total: 1, logs: [log] });
    await expectQuiet(browser);
  });

  testInBrowser("may not ask anybody else, which would be noticed", async () => {
    await using server = await startServer();
    using browser = await Browser.open(server.webUrl);
    await showPage(browser, server);
    const asked = "fetch('http://elsewhere.test/').then(() => 'answered', () => 'refused')";
    expect(await browser.view.evaluate<string>(asked)).toBe("refused");
    await eventually("the console tells", () => browser.complaints.length > 0);
    expect(browser.complaints.join("\n")).toContain("Content Security Policy");
    expect(await browser.policyViolations()).toEqual(["connect-src http://elsewhere.test/"]);
    expect(browser.outsideRequests).toEqual([]);

    await browser.view.navigate("http://elsewhere.test/");
    expect(browser.outsideRequests).toEqual(["GET http://elsewhere.test/ HTTP/1.1"]);
  });
});

describe("the first page in Chromium", () => {
  testInBrowser("says what this is, in its own style, and asks nobody for anything", async () => {
    await using server = await startServer();
    using browser = await Browser.open(server.webUrl);
    await browser.view.navigate(server.webUrl);
    expect(await browser.textsOf("h1")).toEqual(["Biometric Multi-Device Manager"]);
    expect(await browser.view.evaluate<string>("document.title")).toBe(
      "Biometric Multi-Device Manager",
    );
    const width = "getComputedStyle(document.body).maxWidth";
    expect(await browser.view.evaluate<string>(width)).toBe("640px");
    const fetched = "performance.getEntriesByType('resource').map(({ name }) => name)";
    expect(await browser.view.evaluate<string[]>(fetched)).toEqual([]);
    await expectQuiet(browser);
  });
});

/** Runs the operation of a path, with this body if it takes one, and gives the 200 it shows. */
async function tryOut(browser: Browser, path: string, body?: string): Promise<string> {
  const operation = `.opblock:has([data-path="${path}"])`;
  await browser.click(`${operation} .opblock-summary-path`);
  await browser.click(`${operation} .try-out__btn`);
  if (body !== undefined) await browser.fill(`${operation} .body-param__text`, body);
  await browser.click(`${operation} .execute`);
  const answer = `${operation} .live-responses-table .response`;
  await eventually("the answer is shown", async () => (await browser.textsOf(answer)).length > 0);
  expect(await browser.textsOf(`${answer} .response-col_status`)).toEqual(["200"]);
  const [text = ""] = await browser.textsOf(`${answer} .response-col_description code`);
  return text;
}

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

async function expectQuiet(browser: Browser): Promise<void> {
  expect(await browser.policyViolations()).toEqual([]);
  expect(browser.complaints).toEqual([]);
  expect(browser.outsideRequests).toEqual([]);
}
