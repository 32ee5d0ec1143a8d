import { crc32 } from 'node:zlib'
import {
  centralHeaderOf,
  descriptorOf,
  endOf,
  layOut,
  localHeaderOf,
  type PlacedEntry,
  type ZipEntry,
} from './zip-format'

export interface ZipSource extends ZipEntry {
  read(): Promise<AsyncIterable<Buffer>>
}

// Many small pieces go on as one.
const gatheredBytes = 64 * 1024

/**
 * Bytes `startByte`..`endByte`, inclusive, of the archive of these files. All before `endByte` is read, also what is not
 * wanted: the directory at the end needs the CRC-32 of each.
 * @throws {Error} in the middle when a content cannot be read or has another length: what came until then is no archive.
 */
export function zipOf(
  sources: readonly ZipSource[],
  startByte: number,
  endByte: number,
): AsyncGenerator<Buffer> {
  return gathered(between(piecesOf(sources), startByte, endByte))
}

async function* piecesOf(sources: readonly ZipSource[]): AsyncGenerator<Buffer> {
  const { placed, directory } = layOut(sources)
  for (const [index, entry] of placed.entries()) {
    yield localHeaderOf(entry)
    yield* contentOf(sources[index]!, entry)
    yield descriptorOf(entry)
  }
  for (const entry of placed) yield centralHeaderOf(entry)
  yield endOf(directory)
}

/** Notes the CRC-32 on the way. */
async function* contentOf(source: ZipSource, entry: PlacedEntry): AsyncGenerator<Buffer> {
  let lengthBytes = 0
  for await (const chunk of await source.read()) {
    entry.crc = crc32(chunk, entry.crc)
    lengthBytes += chunk.length
    yield chunk
  }
  if (lengthBytes !== entry.sizeBytes)
    throw new Error(`a content has ${lengthBytes} bytes instead of ${entry.sizeBytes}`)
}

async function* between(
  pieces: AsyncIterable<Buffer>,
  startByte: number,
  endByte: number,
): AsyncGenerator<Buffer> {
  let offsetBytes = 0
  for await (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, startByte - offsetBytes), endByte + 1 - offsetBytes)
    offsetBytes += piece.length
    if (wanted.length > 0) yield wanted
    if (offsetBytes > endByte) return
  }
}

async function* gathered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  for await (const piece of pieces) {
    waiting.push(piece)
    waitingBytes += piece.length
    if (waitingBytes < gatheredBytes) continue
    yield waiting.length === 1 ? piece : Buffer.concat(waiting, waitingBytes)
    waiting = []
    waitingBytes = 0
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting, waitingBytes)
}
