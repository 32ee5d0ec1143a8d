import type { Page } from 'playwright-core'
import { Canary, SignedInBrowser } from '../support/files/browser'
import { pngOf, wavOf } from '../support/files/media'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'

// Where it runs it leaves marks that are seen from outside, however little it may do else.
const scriptFor = (canary: Canary) =>
  `window.ran = true; document.title = 'ran'; new Image().src = '${canary.url('script')}'`

const pageWith = (canary: Canary) =>
  `<html><head><title>quiet</title></head><body><script>${scriptFor(canary)}</script>` +
  `<img src="${canary.url('img')}"></body></html>`

const svgWith = (canary: Canary) =>
  `<svg xmlns="http://www.w3.org/2000/svg" onload="top.ran = true"><script>${scriptFor(canary)}</script></svg>`

const xslWith = (canary: Canary) =>
  `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">` +
  `${pageWith(canary).replace('">', '"/>')}</xsl:template></xsl:stylesheet>`

const xmlWith = (stylesheet: string) =>
  `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="${stylesheet}"?><a/>`

/** By name: type and content of what would run, were it opened as what it says it is or looks like. */
const hostile: Record<string, { type: string; content: (canary: Canary) => string | Buffer }> = {
  'page.html': { type: 'text/html', content: pageWith },
  'page.xhtml': { type: 'application/xhtml+xml', content: pageWith },
  'drawing.svg': { type: 'image/svg+xml', content: svgWith },
  'style.xsl': { type: 'text/xsl', content: xslWith },
  'data.xml': { type: 'text/xml', content: () => xmlWith('style.xsl') },
  parts: {
    type: 'multipart/x-mixed-replace; boundary=b',
    content: (canary) => `--b\r\nContent-Type: text/html\r\n\r\n${pageWith(canary)}\r\n--b--\r\n`,
  },
  'html.png': { type: 'image/png', content: pageWith },
  'polyglot.png': { type: 'image/png', content: (canary) => pngOf(pageWith(canary)) },
  'html.pdf': { type: 'application/pdf', content: (canary) => `%PDF-1.1\n${pageWith(canary)}` },
  'html.txt': { type: 'text/plain', content: pageWith },
  unknown: { type: 'application/x-unknown', content: pageWith },
  'script.js': { type: 'text/javascript', content: scriptFor },
}

const marksOf = (page: Page) =>
  page.evaluate<{ title: string; ran: boolean }>(
    `({ title: document.title, ran: 'ran' in window })`,
  )

describe('a browser that opens what people stored', () => {
  let service: Service
  let canary: Canary
  let browser: SignedInBrowser
  let authorization: string

  beforeAll(async () => {
    service = await startService()
    canary = await Canary.open()
    authorization = (await signIn(service)).authorization
    browser = await SignedInBrowser.open(authorization)
    for (const [name, { type, content }] of Object.entries(hostile))
      await store(name, type, content(canary))
  })
  afterAll(async () => {
    await browser.close()
    await canary.close()
    await service.dispose()
  })

  const urlOf = (name: string) => `${service.url}/v1/files/root/${name}`

  async function store(name: string, contentType: string, body: string | Buffer): Promise<void> {
    const headers = { authorization, 'content-type': contentType }
    const answer = await fetch(urlOf(name), { method: 'PUT', headers, body })
    expect(answer.status).toBe(201)
  }

  test('the marks are seen where such a page does run', async () => {
    await browser.page(async (page) => {
      await page.route('**/control', (route) =>
        route.fulfill({ contentType: 'text/html', body: pageWith(canary) }),
      )
      await page.goto(`${service.url}/control`)
      expect(await marksOf(page)).toEqual({ title: 'ran', ran: true })
    })
    expect(canary.asked.splice(0).sort()).toEqual(['/img', '/script'])
  })

  test.each(Object.keys(hostile))('runs nothing of %s', async (name) => {
    await browser.page(async (page) => {
      // What is saved rather than shown ends in an error, which is as good.
      await page.goto(urlOf(name)).catch(() => undefined)
      expect(await marksOf(page)).toMatchObject({
        ran: false,
        title: expect.not.stringMatching('ran') as string,
      })
    })
    expect(canary.asked).toEqual([])
  })

  test('runs nothing of them in a page of ours that was made to load them', async () => {
    const tags = Object.keys(hostile).map((name) => {
      const url = urlOf(name)
      return `<iframe src="${url}"></iframe><object data="${url}"></object><embed src="${url}">
        <script src="${url}"></script><link rel="stylesheet" href="${url}"><img src="${url}">`
    })
    await browser.page(async (page) => {
      const body = `<title>quiet</title>${tags.join('')}`
      await page.route('**/ours', (route) => route.fulfill({ contentType: 'text/html', body }))
      await page.goto(`${service.url}/ours`)
      expect(await marksOf(page)).toEqual({ title: 'quiet', ran: false })
      for (const frame of page.frames()) expect(await frame.evaluate(`'ran' in window`)).toBe(false)
    })
    expect(canary.asked).toEqual([])
  })

  test('runs no page even where it is shown as one: its policy forbids it', async () => {
    await browser.page(async (page) => {
      await page.route('**/page.html', async (route) => {
        const response = await route.fetch()
        const { 'content-disposition': _, ...headers } = response.headers()
        await route.fulfill({ response, headers: { ...headers, 'content-type': 'text/html' } })
      })
      await page.goto(urlOf('page.html'))
      expect(await marksOf(page)).toEqual({ title: 'quiet', ran: false })
    })
    expect(canary.asked).toEqual([])
  })

  test('shows a picture and a text, and plays a sound', async () => {
    await store('picture.png', 'image/png', pngOf('harmless'))
    await store('text', 'text/plain', 'grüße')
    await store('sound.wav', 'audio/wav', wavOf(8000))
    await browser.page(async (page) => {
      await page.goto(urlOf('picture.png'))
      expect(await page.evaluate('document.images[0].naturalWidth')).toBe(3)
      await page.goto(urlOf('text'))
      expect(await page.evaluate('document.body.innerText')).toBe('grüße')
      await page.goto(urlOf('sound.wav'))
      await page.waitForFunction(`document.querySelector('video').duration === 1`)
    })
  })

  test('saves what it could show where that is asked for', async () => {
    await store('saved.png', 'image/png', pngOf('harmless'))
    await browser.page(async (page) => {
      const saving = page.waitForEvent('download')
      await page.goto(`${urlOf('saved.png')}?download`).catch(() => undefined)
      expect((await saving).suggestedFilename()).toBe('saved.png')
    })
  })
})
