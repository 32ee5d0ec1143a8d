import { limits } from './limits'

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const openBrace = 0x7b
const closeBracket = 0x5d
const closeBrace = 0x7d

/**
 * Whether JSON text nests deeper than the limit. Asked before parsing, because a parser's stack grows with the text:
 * 64 MiB of `[` cost gigabytes. Text with few brackets, which is nearly all, is only skimmed.
 */
export function nestsTooDeep(text: Buffer): boolean {
  if (text.length <= limits.jsonDepth) return false
  if (!hasMoreThan(text, limits.jsonDepth)) return false
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const byte = text[index]!
    if (byte === quote) index = endOfString(text, index)
    else if (byte === openBracket || byte === openBrace) {
      if (++depth > limits.jsonDepth) return true
    } else if (byte === closeBracket || byte === closeBrace) depth--
  }
  return false
}

function hasMoreThan(text: Buffer, count: number): boolean {
  let left = count
  for (const bracket of [openBracket, openBrace])
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1))
      if (--left < 0) return true
  return false
}

function endOfString(text: Buffer, start: number): number {
  let end = text.indexOf(quote, start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf(quote, end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: Buffer, at: number): boolean {
  let count = 0
  while (text[at - 1 - count] === backslash) count++
  return count % 2 === 1
}
