import { AppError } from '../../domain/errors'
import type { PatchPart } from '../../domain/patch'
import { ByteReader } from '../multipart/byte-reader'
import { parseContentRange } from './content-range'

const fieldBytesMax = 4096

/** `message/byterange` of draft-ietf-httpapi-patch-byterange: fields, an empty line, and the bytes they speak of. */
export async function* messageParts(body: AsyncIterable<Buffer>): AsyncGenerator<PatchPart> {
  const reader = new ByteReader(body)
  try {
    yield partOf(reader, await reader.fields(fieldBytesMax))
    if (!(await reader.isAtEnd())) throw notAsLong()
  } finally {
    await reader.close()
  }
}

/**
 * `multipart/byteranges` (RFC 9110 §14.6): the same several times. Each part says how long it is, so that nothing in it is
 * taken for a boundary.
 */
export async function* multipartParts(
  body: AsyncIterable<Buffer>,
  { boundary, partsMax }: { boundary: string; partsMax: number },
): AsyncGenerator<PatchPart> {
  const reader = new ByteReader(body)
  try {
    await requireText(reader, `--${boundary}`)
    for (let count = 1; (await reader.text(2)) === '\r\n'; count++) {
      if (count > partsMax) throw new AppError('too_large', `A patch has at most ${partsMax} parts`)
      yield partOf(reader, await reader.fields(fieldBytesMax))
      await requireText(reader, `\r\n--${boundary}`)
    }
    // What may come after the last boundary is nothing (RFC 2046 §5.1.1); it is read, as bodies are.
    while (!(await reader.isAtEnd())) await reader.text(1)
  } finally {
    await reader.close()
  }
}

function partOf(reader: ByteReader, fields: ReadonlyMap<string, string>): PatchPart {
  const range = fields.get('content-range')
  if (range === undefined)
    throw new AppError('invalid', 'A part must say its Content-Range', { field: 'Content-Range' })
  const { startByte, lengthBytes, completeBytes } = parseContentRange(range)
  const said = fields.get('content-length')
  if (said !== undefined && Number(said) !== lengthBytes) throw notAsLong()
  return {
    place: { kind: 'at', startByte },
    lengthBytes,
    completeBytes,
    bytes: reader.exactly(lengthBytes),
  }
}

async function requireText(reader: ByteReader, text: string): Promise<void> {
  if ((await reader.text(text.length)) !== text) throw notAsLong()
}

function notAsLong(): AppError {
  return new AppError('invalid', 'The bytes of a part are not as many as its Content-Range says', {
    field: 'body',
  })
}
