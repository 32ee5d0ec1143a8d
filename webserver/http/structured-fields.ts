/** A bare item of RFC 8941. A token is told from a string; decimals and integers are both numbers. */
export type BareItem = number | boolean | string | Buffer | { token: string }

const key = /[a-z*][a-z0-9_\-.*]*/y
const optionalSpace = /[ \t]*/y
const number = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])/y
const quoted = /"(?:[ !#-[\]-~]|\\["\\])*"/y
const token = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const bytes = /:((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?):/y
const boolean = /\?[01]/y

/**
 * A dictionary of items (RFC 8941 §3.2), whose parameters are read and let go. Of a key that comes twice the last counts.
 * @returns null when it is not well formed, or holds an inner list, which none of our fields does.
 */
export function parseDictionary(text: string): Map<string, BareItem> | null {
  const reader = new Reader(text)
  const members = new Map<string, BareItem>()
  reader.skip(/ */y)
  if (reader.isAtEnd()) return members
  for (;;) {
    const name = reader.take(key)
    const item = name === null ? null : memberOf(reader)
    if (name === null || item === null) return null
    members.set(name, item)
    reader.skip(optionalSpace)
    if (reader.isAtEnd()) return members
    if (reader.take(/,/y) === null) return null
    reader.skip(optionalSpace)
  }
}

/** `=` and an item, or nothing, which means true; and parameters. */
function memberOf(reader: Reader): BareItem | null {
  const item = reader.take(/=/y) === null ? true : bareItemOf(reader)
  if (item === null) return null
  while (reader.take(/;/y) !== null) {
    reader.skip(/ */y)
    if (reader.take(key) === null) return null
    if (reader.take(/=/y) !== null && bareItemOf(reader) === null) return null
  }
  return item
}

function bareItemOf(reader: Reader): BareItem | null {
  const decimal = reader.take(number)
  if (decimal !== null) return Number(decimal)
  const text = reader.take(quoted)
  if (text !== null) return text.slice(1, -1).replace(/\\(.)/g, '$1')
  const encoded = reader.take(bytes)
  if (encoded !== null) return Buffer.from(encoded.slice(1, -1), 'base64')
  const word = reader.take(token)
  if (word !== null) return { token: word }
  const answer = reader.take(boolean)
  return answer === null ? null : answer === '?1'
}

class Reader {
  private at = 0

  constructor(private readonly text: string) {}

  isAtEnd(): boolean {
    return this.at === this.text.length
  }

  /** What the pattern, which must be sticky, matches here. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) return null
    this.at += found.length
    return found
  }

  skip(pattern: RegExp): void {
    this.take(pattern)
  }
}
