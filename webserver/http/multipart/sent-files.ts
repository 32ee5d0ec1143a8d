import { AppError } from '../../domain/errors'
import type { SentFile } from '../../services/file-service'
import type { FormPart } from './form-parts'

// Other fields are read past: what a submit button is called, say.
const fieldBytesMax = 64 * 1024

/** The files among the parts of a form. A file field in which nothing was chosen is none. */
export async function* sentFilesOf(parts: AsyncIterable<FormPart>): AsyncGenerator<SentFile> {
  for await (const { filename, contentType, bytes } of parts) {
    if (filename !== null && filename !== '') yield { filename, contentType, bytes }
    else await readPast(bytes, filename === null ? fieldBytesMax : 0)
  }
}

async function readPast(bytes: AsyncIterable<Buffer>, bytesMax: number): Promise<void> {
  let count = 0
  for await (const chunk of bytes) {
    count += chunk.length
    if (count <= bytesMax) continue
    if (bytesMax === 0) throw new AppError('invalid', 'A file has no name', { field: 'filename' })
    throw new AppError('too_large', `A field has at most ${bytesMax} bytes`)
  }
}
