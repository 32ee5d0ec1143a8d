import { AppError } from '../../domain/errors'

export interface ContentRange {
  startByte: number
  lengthBytes: number
  /** Of the whole; null for `*`. */
  completeBytes: number | null
}

const range = /^bytes[ \t]+(\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/

/** The part that bytes belong to (RFC 9110 §14.4), of a whole whose size may be left open. @throws {AppError} `invalid`. */
export function parseContentRange(text: string): ContentRange {
  const [, first, last, complete] = range.exec(text.trim()) ?? []
  const startByte = Number(first)
  const lengthBytes = Number(last) - startByte + 1
  const completeBytes = complete === '*' ? null : Number(complete)
  const isRange = lengthBytes > 0 && Number.isSafeInteger(startByte + lengthBytes)
  if (isRange && (completeBytes ?? Infinity) >= startByte + lengthBytes)
    return { startByte, lengthBytes, completeBytes }
  throw new AppError(
    'invalid',
    'Content-Range must be "bytes first-last/size", or "*" for the size',
    {
      field: 'Content-Range',
    },
  )
}
