import { AppError } from './errors'

/**
 * Where bytes are written in a file that is there. `append` may name the size that the file is believed to have; `last`
 * counts back from the end.
 */
export type PatchPlace =
  | { kind: 'at'; startByte: number }
  | { kind: 'append'; offsetBytes: number | null }
  | { kind: 'last'; lengthBytes: number }

/** One run of bytes on its way into a file. */
export interface PatchPart {
  place: PatchPlace
  /** Null when the sender does not say it before the bytes end. */
  lengthBytes: number | null
  /** What size the file is said to have afterwards; null when nothing is said. */
  completeBytes: number | null
  /** To be read to its end before the next part is asked for. */
  bytes: AsyncIterable<Buffer>
}

/** @throws {AppError} `conflict` when an append expects another size; `range_not_satisfiable` when it would leave a gap. */
export function startOf(place: PatchPlace, sizeBytes: number): number {
  if (place.kind === 'append') return endOf(place.offsetBytes, sizeBytes)
  const startByte = place.kind === 'at' ? place.startByte : sizeBytes - place.lengthBytes
  if (startByte >= 0 && startByte <= sizeBytes) return startByte
  throw new AppError(
    'range_not_satisfiable',
    `The file has ${sizeBytes} bytes: what is written must begin within them, or at their end`,
  )
}

function endOf(offsetBytes: number | null, sizeBytes: number): number {
  if (offsetBytes === null || offsetBytes === sizeBytes) return sizeBytes
  throw new AppError('conflict', `The file has ${sizeBytes} bytes, not ${offsetBytes}`, {
    field: 'Upload-Offset',
    members: { offsetBytes: sizeBytes },
  })
}

/**
 * Whether the place alone tells that the file is what the sender believes it to be: sent once more after a lost answer, or
 * after somebody else wrote, it does not hold again.
 */
export function namesTheEnd(place: PatchPlace, sizeBytes: number): boolean {
  if (place.kind === 'at') return place.startByte === sizeBytes
  return place.kind === 'append' && place.offsetBytes !== null
}

/** @throws {AppError} `range_not_satisfiable` when the file would have another size than was said. */
export function requireComplete(completeBytes: number | null, sizeBytes: number): void {
  if (completeBytes === null || completeBytes === sizeBytes) return
  throw new AppError(
    'range_not_satisfiable',
    `The file would have ${sizeBytes} bytes, not ${completeBytes}: parts that are not there yet cannot be kept`,
    { field: 'Content-Range' },
  )
}
