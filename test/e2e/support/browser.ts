/**
 * Starts Debian's Chromium without a window, and drives it by its DevTools protocol. Names lead to this machine, and
 * to nowhere else.
 *
 * @module
 */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cleanEnvironment, toolCache } from '../../support/live/process.ts'

/** A cookie as Chromium has it. */
export interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly path: string
  /** Seconds since 1970. */
  readonly expires: number
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite?: string
}

/** The part of puppeteer's response that the suites use. */
export interface PageResponse {
  status(): number
  headers(): Readonly<Record<string, string>>
  text(): Promise<string>
}

/** The part of puppeteer's page that the suites use. */
export interface Page {
  /** @param milliseconds that waits take at most */
  setDefaultTimeout(milliseconds: number): void
  goto(url: string): Promise<PageResponse | null>
  url(): string
  type(selector: string, text: string): Promise<void>
  click(selector: string): Promise<void>
  waitForNavigation(): Promise<PageResponse | null>
  /** Runs a script in the page; the value of its promise must be JSON. */
  evaluate(script: string): Promise<unknown>
  setContent(html: string): Promise<void>
  title(): Promise<string>
  setViewport(size: { readonly width: number; readonly height: number }): Promise<void>
  emulateMediaFeatures(
    features: readonly { readonly name: string; readonly value: string }[],
  ): Promise<void>
  setOfflineMode(offline: boolean): Promise<void>
  screenshot(options: { readonly path: string; readonly fullPage: boolean }): Promise<unknown>
  /** Waits until no request is under way, for so many milliseconds. */
  waitForNetworkIdle(options: { readonly idleTime: number }): Promise<void>
  /** Waits until a script gives anything but nothing. */
  waitForFunction(script: string): Promise<unknown>
  readonly keyboard: {
    press(key: string): Promise<void>
    down(key: string): Promise<void>
    up(key: string): Promise<void>
    type(text: string): Promise<void>
  }
  setRequestInterception(on: boolean): Promise<void>
  on(event: 'request', hear: (request: PageRequest) => void): void
  on(event: 'pageerror', hear: (error: Error) => void): void
  on(event: 'console', hear: (message: { type(): string; text(): string }) => void): void
}

/** The part of puppeteer's request that the suites use. */
export interface PageRequest {
  url(): string
  continue(): Promise<void>
  respond(response: {
    readonly status: number
    readonly contentType: string
    readonly body: string
  }): Promise<void>
}

/** Cookies and pages that no other knows of, as in a private window. */
export interface Profile {
  newPage(): Promise<Page>
  cookies(): Promise<readonly StoredCookie[]>
  close(): Promise<void>
}

export interface Browser {
  createBrowserContext(): Promise<Profile>
  close(): Promise<void>
}

interface Puppeteer {
  launch(options: object): Promise<Browser>
}

/** Starts it. Certificates are not checked. */
export const startBrowser = async (): Promise<Browser> => {
  const main = createRequire(join(toolCache, 'browser/')).resolve('puppeteer-core')
  const { default: puppeteer } = (await import(pathToFileURL(main).href)) as {
    readonly default: Puppeteer
  }
  return puppeteer.launch({
    executablePath: '/usr/bin/chromium',
    acceptInsecureCerts: true,
    env: cleanEnvironment(),
    args: [
      // Tests run as root, in a container that has no namespaces of its own.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  })
}

/** Clicks on what leads to another page. @returns that page's response */
export const follow = async (page: Page, selector: string): Promise<PageResponse | null> => {
  const [response] = await Promise.all([page.waitForNavigation(), page.click(selector)])
  return response
}

/** Sends a request from a page by `fetch`. */
export const fetchFrom = async (
  page: Page,
  url: string,
  init: object = {},
): Promise<{ readonly status: number; readonly text: string }> => {
  const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(
    async (response) => ({ status: response.status, text: await response.text() }),
    (error) => ({ status: -1, text: String(error) }))`
  return (await page.evaluate(script)) as { status: number; text: string }
}
