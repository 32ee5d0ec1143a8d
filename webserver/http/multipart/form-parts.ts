import contentDisposition from 'content-disposition'
import { AppError } from '../../domain/errors'
import { ByteReader } from './byte-reader'

/** One part of a form as it arrives. */
export interface FormPart {
  name: string
  /** Null when it is a field, not a file; empty when no file was chosen. */
  filename: string | null
  /** Null when the sender does not say. */
  contentType: string | null
  /** What is not read of it is passed over when the next part is asked for. */
  bytes: AsyncGenerator<Buffer>
}

const headerBytesMax = 8192
const nameLengthMax = 200

/**
 * The parts of a `multipart/form-data` body (RFC 7578) in order, as they arrive. None is passed over in silence: what is
 * no part of a form ends it.
 * @throws {AppError} `invalid` for a body that is no form; `too_large` for more than `partsMax` parts.
 */
export async function* formPartsOf(
  body: AsyncIterable<Buffer>,
  { boundary, partsMax }: { boundary: string; partsMax: number },
): AsyncGenerator<FormPart> {
  const reader = new ByteReader(body)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  try {
    if ((await reader.text(boundary.length + 2)) !== `--${boundary}`)
      throw noForm('does not begin as one')
    for (let count = 1; await isPartNext(reader); count++) {
      if (count > partsMax) throw new AppError('too_large', `A form has at most ${partsMax} parts`)
      const part = partOf(await reader.fields(headerBytesMax), reader.until(delimiter))
      yield part
      for await (const _ of part.bytes);
    }
  } finally {
    await reader.close()
  }
}

/** After a boundary comes a line end, or two hyphens when it was the last (RFC 2046 §5.1.1). */
async function isPartNext(reader: ByteReader): Promise<boolean> {
  const ending = await reader.text(2)
  if (ending === '\r\n') return true
  if (ending !== '--') throw noForm('has something behind a boundary')
  if (!(await reader.isAtEnd()) && ((await reader.text(2)) !== '\r\n' || !(await reader.isAtEnd())))
    throw noForm('has something behind its end')
  return false
}

function partOf(fields: ReadonlyMap<string, string>, bytes: AsyncGenerator<Buffer>): FormPart {
  const { name, filename } = namesIn(fields.get('content-disposition') ?? '')
  if (name === null) throw noForm('has a part without a name')
  return { name, filename, contentType: fields.get('content-type') ?? null, bytes }
}

/** The names are UTF-8 as they are; the encoded form of RFC 8187 is none of forms' (RFC 7578 §4.2). */
function namesIn(disposition: string): { name: string | null; filename: string | null } {
  try {
    const { type, parameters } = contentDisposition.parse(disposition)
    if (type !== 'form-data' || /filename\*/i.test(disposition)) throw noForm('has a strange part')
    return { name: textOf(parameters['name']), filename: textOf(parameters['filename']) }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw noForm('has a part whose Content-Disposition is none')
  }
}

function textOf(latin1: string | undefined): string | null {
  if (latin1 === undefined) return null
  if (latin1.length > 8 * nameLengthMax) throw noForm('has a name that is too long')
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1'))
}

function noForm(why: string): AppError {
  return new AppError('invalid', `The form ${why}`, { field: 'body' })
}
