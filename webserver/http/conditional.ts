import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../domain/errors'
import { conditionHolds, type FileCondition } from '../domain/file'
import type { Sendable } from '../services/open-content'
import { parseHttpDate } from './http-date'

const tag = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"'
const tagList = new RegExp(`^${tag}(?:[ \\t]*,[ \\t]*${tag})*$`)
const eachTag = new RegExp(tag, 'g')
const headerLengthMax = 4096

/**
 * The conditions of a write (RFC 9110 §13.1.1–2). Those by date are refused rather than ignored: a file can change
 * twice in a second.
 * @throws {AppError} `invalid`
 */
export function writeConditionOf(headers: IncomingHttpHeaders): FileCondition {
  if (headers['if-unmodified-since'] !== undefined)
    throw new AppError('invalid', 'If-Unmodified-Since is too coarse for a write: use If-Match', {
      field: 'If-Unmodified-Since',
    })
  return tagConditionOf(headers)
}

function tagConditionOf(headers: IncomingHttpHeaders): FileCondition {
  const ifMatch = tagsOf('If-Match', headers['if-match'])
  const ifNoneMatch = tagsOf('If-None-Match', headers['if-none-match'])
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: withoutWeakness(ifNoneMatch) }),
  }
}

/**
 * Decides what the conditions of a GET or HEAD leave to be answered, in the order of RFC 9110 §13.2.2.
 * @throws {AppError} `precondition_failed`; `invalid` for tags that are none.
 */
export function evaluateRead(headers: IncomingHttpHeaders, file: Sendable): 'send' | 304 {
  const { ifMatch, ifNoneMatch } = tagConditionOf(headers)
  const etag = file.etag
  const failed =
    ifMatch === undefined
      ? isModifiedSince(file, headers['if-unmodified-since'], false)
      : !conditionHolds({ ifMatch }, etag)
  if (failed)
    throw new AppError('precondition_failed', 'The file is not what the condition asks for')
  const changed =
    ifNoneMatch === undefined
      ? isModifiedSince(file, headers['if-modified-since'], true)
      : conditionHolds({ ifNoneMatch }, etag)
  return changed ? 'send' : 304
}

/** Seconds are all that a date in a header can tell. Null where there is none to go by. */
export function lastModifiedOf({ updatedAtMs }: Sendable): number | null {
  return updatedAtMs === null ? null : Math.floor(updatedAtMs / 1000) * 1000
}

function isModifiedSince(file: Sendable, header: string | undefined, otherwise: boolean) {
  const sinceMs = header === undefined ? null : parseHttpDate(header)
  const modifiedMs = lastModifiedOf(file)
  return sinceMs === null || modifiedMs === null ? otherwise : modifiedMs > sinceMs
}

/** @throws {AppError} `invalid` */
export function tagsOf(
  field: string,
  header: string | undefined,
): readonly string[] | '*' | undefined {
  if (header === undefined) return undefined
  const value = header.trim()
  if (value === '*') return '*'
  if (value.length <= headerLengthMax && tagList.test(value)) return value.match(eachTag)!
  throw new AppError('invalid', `${field} must be "*" or a list of quoted entity tags`, { field })
}

/** If-None-Match compares weakly (§13.1.2): W/"a" is "a". If-Match compares strongly, so there W/"a" matches nothing. */
function withoutWeakness(tags: readonly string[] | '*'): readonly string[] | '*' {
  return tags === '*' ? tags : tags.map((one) => one.replace(/^W\//, ''))
}
