import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

/** A server that no content may reach: whatever is asked of it was asked by a script or a page that ran. */
export class Canary {
  readonly asked: string[] = []

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Canary> {
    const canary: Canary = new Canary(
      createServer((req, res) => {
        canary.asked.push(req.url!)
        res.setHeader('Access-Control-Allow-Origin', '*').end()
      }).listen(0, '127.0.0.1'),
    )
    await once(canary.server, 'listening')
    return canary
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${path}`
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}

/** A browser that sends the token with everything it asks for, as a page of ours would have it do. */
export class SignedInBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly context: BrowserContext,
  ) {}

  static async open(authorization: string): Promise<SignedInBrowser> {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      // Chromium does not sandbox itself for root, and keeps pages that a test makes up away from this machine's servers:
      // neither is what is tried here, and the second would hide what is.
      args: ['--no-sandbox', '--disable-features=LocalNetworkAccessChecks'],
    })
    const context = await browser.newContext({ extraHTTPHeaders: { authorization } })
    return new SignedInBrowser(browser, context)
  }

  async page<T>(use: (page: Page) => Promise<T>): Promise<T> {
    const page = await this.context.newPage()
    try {
      return await use(page)
    } finally {
      await page.close()
    }
  }

  close(): Promise<void> {
    return this.browser.close()
  }
}
