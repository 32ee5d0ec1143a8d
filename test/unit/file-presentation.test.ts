import fc from 'fast-check'
import { wholeBlob } from '../../webserver/domain/content'
import type { StoredFile } from '../../webserver/domain/file'
import { ContentHeaders } from '../../webserver/http/downloads/file-headers'
import { InlineTypes } from '../../webserver/http/downloads/presentation'

const file: StoredFile = {
  id: 'id',
  owner: 'alice',
  path: 'a',
  ...wholeBlob('00'.repeat(32), 10),
  contentType: 'text/plain',
  metadata: {},
  metaVersion: 1,
  version: 1,
  createdAtMs: 0,
  updatedAtMs: 0,
}

const headersOf = (contentType: string, path = 'a', asAttachment = false) =>
  new ContentHeaders(new InlineTypes('image/png, Text/Plain, audio/*, image/svg+xml')).of(
    { ...file, path, contentType },
    asAttachment,
  )

describe('how a file is handed to a browser', () => {
  test.each([
    ['image/png', 'image/png'],
    ['IMAGE/PNG; a="b"', 'image/png'],
    ['audio/ogg', 'audio/ogg'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/plain; charset="ISO-8859-1"', 'text/plain; charset=iso-8859-1'],
    ['text/plain; charset=utf-7', 'text/plain; charset=utf-8'],
    ['text/plain; x=", text/html"', 'text/plain; charset=utf-8'],
  ])('shown: %s', (stored, sent) => {
    const headers = headersOf(stored)
    expect(headers['Content-Type']).toBe(sent)
    expect(headers['Content-Disposition']).toMatch(/^inline/)
    expect(headers['Content-Security-Policy']).toContain("default-src 'none'")
  })

  test.each([
    ['application/zip', 'application/zip'],
    ['image/jpeg', 'image/jpeg'],
    ['text/plain-ish', 'text/plain-ish'],
    ['text/html', 'application/octet-stream'],
    ['TEXT/HTML; charset=utf-8', 'application/octet-stream'],
    ['application/xhtml+xml', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['text/xml', 'application/octet-stream'],
    ['application/x-javascript', 'application/octet-stream'],
    ['text/css', 'application/octet-stream'],
    ['multipart/x-mixed-replace; boundary=a', 'application/octet-stream'],
    ['message/rfc822', 'application/octet-stream'],
    ['application/json', 'application/json'],
    [
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    ],
  ])('saved: %s', (stored, sent) => {
    const headers = headersOf(stored)
    expect(headers['Content-Type']).toBe(sent)
    expect(headers['Content-Disposition']).toMatch(/^attachment/)
    expect(headers['Content-Security-Policy']).toBe("sandbox; default-src 'none'")
  })

  test('what could be shown is saved where that is asked for', () => {
    expect(headersOf('image/png')['Content-Disposition']).toBe('inline; filename="a"')
    const saved = headersOf('image/png', 'a', true)
    expect(saved['Content-Disposition']).toBe('attachment; filename="a"')
    expect(saved['Content-Type']).toBe('image/png')
  })
})

describe('what a file says of itself', () => {
  test.each([
    ['a quote', 'a"; filename="b.html', String.raw`attachment; filename="a\"; filename=\"b.html"`],
    ['a folder', 'x/y/b.txt', 'attachment; filename="b.txt"'],
    [
      'other letters',
      'x/日本.txt',
      `attachment; filename="??.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt`,
    ],
  ])('its name is well formed: %s', (_name, path, expected) => {
    expect(headersOf('a/b', path)['Content-Disposition']).toBe(expected)
  })

  test('whatever its name, the header is one line of ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (path) => {
        expect(headersOf('a/b', path)['Content-Disposition']).toMatch(/^[\x20-\x7e]*$/)
      }),
    )
  })
})
