/**
 * A real Chromium, without a window, in which one page is open: what it shows, what it complains of,
 * and every request that it or its page sends to anybody but the server under test.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian keeps the program itself. The one in the PATH is a script that cannot be ended. */
const CHROMIUM = "/usr/lib/chromium/chromium-headless-shell";
const VIEWPORT = { width: 1280, height: 1000 } as const;
/**
 * Its sandbox refuses to work for root. Without `--incognito` parts of it still write a cache into
 * the profile while it is ended and removed.
 */
const ARGUMENTS = ["--no-sandbox", "--incognito"];

/**
 * One Chromium with one page, with an empty profile. Bun starts the program once in a process, with
 * the arguments of the first view, so that there can be only one browser at a time.
 */
export class Browser implements Disposable {
  /** The page itself: it navigates, types and evaluates. */
  readonly view: Bun.WebView;
  /** Errors and warnings of the console, failures of scripts, and refusals of the content policy. */
  readonly complaints: string[] = [];
  readonly #outside = new OutsideProxy();
  readonly #profile = mkdtempSync(join(tmpdir(), "biometric-browser-"));

  private constructor(server: URL) {
    this.view = new Bun.WebView({
      ...VIEWPORT,
      dataStore: { directory: this.#profile },
      backend: {
        type: "chrome",
        path: CHROMIUM,
        argv: [...ARGUMENTS, ...this.#outside.argumentsFor(server.host)],
      },
    });
  }

  /** Starts Chromium. Requests to the server at `url` are not counted. */
  static async open(url: string): Promise<Browser> {
    const browser = new Browser(new URL(url));
    try {
      await browser.#listen();
      return browser;
    } catch (error) {
      browser[Symbol.dispose]();
      throw error;
    }
  }

  /** First lines of the requests to anybody but the server: `GET http://elsewhere.test/ HTTP/1.1`. */
  get outsideRequests(): readonly string[] {
    return this.#outside.requests;
  }

  /** The text of every element that `selector` finds, as a person sees it. */
  async textsOf(selector: string): Promise<readonly string[]> {
    const found = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
    return this.view.evaluate<string[]>(`${found}.map((element) => element.innerText)`);
  }

  /** What the content policy of the page refused, by its own count. */
  async policyViolations(): Promise<readonly string[]> {
    return this.view.evaluate<string[]>("globalThis.policyViolations ?? []");
  }

  /** Replaces the text of a field, as a person who selects all of it and types. */
  async fill(selector: string, text: string): Promise<void> {
    await this.click(selector);
    await this.view.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.view.type(text);
  }

  /** Clicks where a person would, once the element is there, holds still, and nothing covers it. */
  async click(selector: string): Promise<void> {
    await this.view.scrollTo(selector);
    await this.view.click(selector);
  }

  /** Ends Chromium and removes its profile. */
  [Symbol.dispose](): void {
    this.view.close();
    Bun.WebView.closeAll();
    this.#outside[Symbol.dispose]();
    rmSync(this.#profile, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    const { view, complaints } = this;
    // The first navigation connects the view; only then are there events.
    await view.navigate("about:blank");
    view.addEventListener<LogEntryAdded>("Log.entryAdded", ({ data: { entry } }) => {
      if (["error", "warning"].includes(entry.level)) complaints.push(entry.text);
    });
    view.addEventListener<ConsoleCalled>("Runtime.consoleAPICalled", ({ data: { type, args } }) => {
      const isComplaint = ["error", "warning", "assert"].includes(type);
      if (isComplaint) complaints.push(args.map(({ value }) => String(value)).join(" "));
    });
    view.addEventListener<ExceptionThrown>("Runtime.exceptionThrown", ({ data }) => {
      const { exception, text } = data.exceptionDetails;
      complaints.push(exception?.description ?? text);
    });
    await view.cdp("Page.addScriptToEvaluateOnNewDocument", { source: COUNT_VIOLATIONS });
    await view.cdp("Log.enable");
    await view.cdp("Runtime.enable");
  }
}

/** Runs in every page before its own scripts. */
const COUNT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) => {
  (globalThis.policyViolations ??= []).push(event.violatedDirective + " " + event.blockedURI);
});`;

/** Events of the DevTools protocol, as far as they are looked at. */
interface LogEntryAdded {
  readonly entry: { readonly level: string; readonly text: string };
}
interface ConsoleCalled {
  readonly type: string;
  readonly args: readonly { readonly value?: unknown }[];
}
interface ExceptionThrown {
  readonly exceptionDetails: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
}

/** Stands for the rest of the world: Chromium sends it whatever is not for the server. */
class OutsideProxy implements Disposable {
  readonly requests: string[] = [];
  readonly #listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, bytes) => {
        this.requests.push(bytes.toString("latin1").split("\r\n", 1)[0] ?? "");
        socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      },
    },
  });

  /** Loopback goes through the proxy too (`<-loopback>`), except for the server at `host`. */
  argumentsFor(host: string): readonly string[] {
    return [
      `--proxy-server=http://127.0.0.1:${this.#listener.port}`,
      `--proxy-bypass-list=<-loopback>;${host}`,
    ];
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}
