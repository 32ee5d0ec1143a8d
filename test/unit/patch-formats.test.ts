import type { IncomingHttpHeaders } from 'node:http'
import * as fc from 'fast-check'
import type { PatchPlace } from '../../webserver/domain/patch'
import { patchReaderOf } from '../../webserver/http/patches/patch-of'

interface Read {
  place: PatchPlace
  lengthBytes: number | null
  completeBytes: number | null
  text: string
}

async function* inPieces(body: string, pieceBytes = 1000): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(body, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await Promise.resolve()
    yield bytes.subarray(at, at + pieceBytes)
  }
}

async function read(headers: IncomingHttpHeaders, body: string, pieceBytes?: number) {
  const parts: Read[] = []
  for await (const part of patchReaderOf(headers, 3)(inPieces(body, pieceBytes))) {
    const { place, lengthBytes, completeBytes } = part
    let text = ''
    for await (const chunk of part.bytes) text += chunk.toString('latin1')
    parts.push({ place, lengthBytes, completeBytes, text })
  }
  return parts
}

const raw = { 'content-type': 'application/octet-stream', 'content-length': '5' }
const sabre = { 'content-type': 'application/x-sabredav-partialupdate', 'content-length': '4' }
const message = { 'content-type': 'message/byterange' }
const multipart = { 'content-type': 'multipart/byteranges; boundary=cut' }
const at = (startByte: number): PatchPlace => ({ kind: 'at', startByte })
const partsBody =
  '--cut\r\nContent-Range: bytes 0-4/20\r\nContent-Type: text/plain\r\n\r\nhello\r\n' +
  '--cut\r\nContent-Range: bytes 8-9/20\r\n\r\n\r\n\r\n--cut--\r\n'

describe('patches', () => {
  test.each<[string, IncomingHttpHeaders, string, Read[]]>([
    [
      'bytes for the end',
      raw,
      'hello',
      [
        {
          place: { kind: 'append', offsetBytes: null },
          lengthBytes: 5,
          completeBytes: null,
          text: 'hello',
        },
      ],
    ],
    [
      'bytes for an end that is named',
      { ...raw, 'upload-offset': '12' },
      'hello',
      [
        {
          place: { kind: 'append', offsetBytes: 12 },
          lengthBytes: 5,
          completeBytes: null,
          text: 'hello',
        },
      ],
    ],
    [
      "sabre's append",
      { ...sabre, 'x-update-range': 'append' },
      'four',
      [
        {
          place: { kind: 'append', offsetBytes: null },
          lengthBytes: 4,
          completeBytes: null,
          text: 'four',
        },
      ],
    ],
    [
      "sabre's range",
      { ...sabre, 'x-update-range': 'bytes=3-6' },
      'four',
      [{ place: at(3), lengthBytes: 4, completeBytes: null, text: 'four' }],
    ],
    [
      "sabre's open range",
      { ...sabre, 'x-update-range': 'bytes=3-' },
      'four',
      [{ place: at(3), lengthBytes: 4, completeBytes: null, text: 'four' }],
    ],
    [
      "sabre's last bytes",
      { ...sabre, 'x-update-range': 'bytes=-4' },
      'four',
      [
        {
          place: { kind: 'last', lengthBytes: 4 },
          lengthBytes: 4,
          completeBytes: null,
          text: 'four',
        },
      ],
    ],
    [
      'a message',
      message,
      'content-range: bytes 2-6/12\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
      [{ place: at(2), lengthBytes: 5, completeBytes: 12, text: 'hello' }],
    ],
    [
      'a message for a file of any size',
      message,
      'Content-Range: bytes 0-0/*\r\n\r\n-',
      [{ place: at(0), lengthBytes: 1, completeBytes: null, text: '-' }],
    ],
    [
      'several ranges',
      multipart,
      partsBody,
      [
        { place: at(0), lengthBytes: 5, completeBytes: 20, text: 'hello' },
        { place: at(8), lengthBytes: 2, completeBytes: 20, text: '\r\n' },
      ],
    ],
    ['no range at all', multipart, '--cut--', []],
  ])('%s', async (_, headers, body, parts) => {
    expect(await read(headers, body)).toEqual(parts)
    for (const pieceBytes of [1, 2, 3, 7])
      expect(await read(headers, body, pieceBytes)).toEqual(parts)
  })

  test.each<[string, IncomingHttpHeaders, string, string, string]>([
    ['another type', { 'content-type': 'text/plain' }, '', 'unsupported', 'Content-Type'],
    ['no type', {}, '', 'unsupported', 'Content-Type'],
    [
      'a boundary is missing',
      { 'content-type': 'multipart/byteranges' },
      '',
      'invalid',
      'Content-Type',
    ],
    [
      'a range in the head',
      { ...message, 'content-range': 'bytes 0-1/2' },
      '',
      'invalid',
      'Content-Range',
    ],
    [
      'a range beside bytes',
      { ...raw, 'content-range': 'bytes 0-1/2' },
      '',
      'invalid',
      'Content-Range',
    ],
    ['no number', { ...raw, 'upload-offset': '-1' }, '', 'invalid', 'Upload-Offset'],
    [
      'an offset beside a range',
      { ...sabre, 'upload-offset': '1' },
      '',
      'invalid',
      'Upload-Offset',
    ],
    [
      "sabre's range for bytes",
      { ...raw, 'x-update-range': 'append' },
      '',
      'invalid',
      'X-Update-Range',
    ],
    ['no range', sabre, '', 'invalid', 'X-Update-Range'],
    ['an empty range', { ...sabre, 'x-update-range': 'bytes=-' }, '', 'invalid', 'X-Update-Range'],
    ['backwards', { ...sabre, 'x-update-range': 'bytes=6-3' }, '', 'invalid', 'X-Update-Range'],
    ['too short', { ...sabre, 'x-update-range': 'bytes=0-9' }, '', 'invalid', 'X-Update-Range'],
    ['a message without range', message, 'X: 1\r\n\r\nhello', 'invalid', 'Content-Range'],
    [
      'a message of other units',
      message,
      'Content-Range: lines 0-1/2\r\n\r\n',
      'invalid',
      'Content-Range',
    ],
    [
      'an unsatisfied range',
      message,
      'Content-Range: bytes */5\r\n\r\n',
      'invalid',
      'Content-Range',
    ],
    [
      'a range behind the size',
      message,
      'Content-Range: bytes 4-5/5\r\n\r\nab',
      'invalid',
      'Content-Range',
    ],
    [
      'too large',
      message,
      'Content-Range: bytes 9007199254740991-9007199254740991/*\r\n\r\na',
      'invalid',
      'Content-Range',
    ],
    ['a message without fields', message, 'hello', 'invalid', 'body'],
    ['no fields but lines', message, 'hello\r\n\r\n', 'invalid', 'body'],
    ['endless fields', message, 'X: 1\r\n'.repeat(2000), 'invalid', 'body'],
    [
      'a message that is too short',
      message,
      'Content-Range: bytes 0-5/*\r\n\r\nhello',
      'invalid',
      'body',
    ],
    [
      'a message that is too long',
      message,
      'Content-Range: bytes 0-3/*\r\n\r\nhello',
      'invalid',
      'body',
    ],
    [
      'another length',
      message,
      'Content-Range: bytes 0-4/*\r\nContent-Length: 4\r\n\r\nhello',
      'invalid',
      'body',
    ],
    ['another boundary', multipart, partsBody.replaceAll('cut', 'CUT'), 'invalid', 'body'],
    ['no end', multipart, partsBody.slice(0, -4), 'invalid', 'body'],
    ['a part that is too long', multipart, partsBody.replace('0-4', '0-3'), 'invalid', 'body'],
    [
      'many parts',
      multipart,
      `${'--cut\r\nContent-Range: bytes 0-0/*\r\n\r\na\r\n'.repeat(4)}--cut--`,
      'too_large',
      '',
    ],
  ])('%s is refused', async (...[, headers, body, code, field]) => {
    const refused = { code, ...(field === '' ? {} : { field }) }
    await expect((async () => read(headers, body, 5))()).rejects.toMatchObject(refused)
  })

  test('any ranges come out as they went in, however the body is cut', async () => {
    const parts = fc.array(
      fc.record({ startByte: fc.nat(1000), text: fc.string({ minLength: 1, maxLength: 40 }) }),
      { maxLength: 3 },
    )
    const run = fc.asyncProperty(
      parts,
      fc.integer({ min: 1, max: 50 }),
      async (list, pieceBytes) => {
        const bodies = list.map(({ startByte, text }) => {
          const bytes = Buffer.from(text)
          const range = `bytes ${startByte}-${startByte + bytes.length - 1}/*`
          return `--cut\r\nContent-Range: ${range}\r\n\r\n${bytes.toString('latin1')}\r\n`
        })
        const found = await read(multipart, `${bodies.join('')}--cut--`, pieceBytes)
        expect(found.map(({ place, text }) => [place, text])).toEqual(
          list.map(({ startByte, text }) => [at(startByte), Buffer.from(text).toString('latin1')]),
        )
      },
    )
    await fc.assert(run)
  })
})
