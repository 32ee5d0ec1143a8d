import { lookup } from 'mime-types'
import { AppError } from '../domain/errors'

const charactersMax = 255
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"'
// RFC 9110 §8.3.1. No two parts of it match the same text, so its time is linear.
const mediaType = new RegExp(
  `^${token}/${token}(?:[\\t ]*;[\\t ]*${token}=(?:${token}|${quoted}))*$`,
)

/**
 * What the sender said, or what the name says, or `application/octet-stream`.
 * @throws {AppError} `invalid` when it is no media type of at most 255 characters.
 */
export function contentTypeOf(stated: string | null, path: string): string {
  if (stated === null) return lookup(path) || 'application/octet-stream'
  if (stated.length <= charactersMax && mediaType.test(stated)) return stated
  throw new AppError('invalid', 'Content-Type is not a media type of at most 255 characters', {
    field: 'Content-Type',
  })
}
