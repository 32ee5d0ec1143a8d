import { isUtf8 } from 'node:buffer'
import type { Values } from './datatypes'

/**
 * BYTES elements as text that onnxruntime-node passes on unchanged. Its binding ends a string at a NUL and replaces what
 * is not UTF-8, so each such byte becomes one code point of a private range (as Python's surrogateescape does with
 * surrogates, which UTF-8 cannot carry), and so do the bytes of code points that are in the range already. Nothing else
 * changes, equal elements stay equal, and joining texts joins the bytes they stand for.
 */
const escapeBase = 0xf700
const escaped = /[\uF700-\uF7FF]/
const unsafe = /[\0\uF700-\uF7FF]/

/** Text for the bytes of an element. */
export function textOfBytes(bytes: Buffer): string {
  return isUtf8(bytes) ? textOfString(bytes.toString('utf8')) : escape(bytes)
}

/** Text for an element that is well-formed Unicode. */
export function textOfString(value: string): string {
  return unsafe.test(value) ? escape(Buffer.from(value)) : value
}

export function hasEscapes(values: Values): boolean {
  return Array.isArray(values) && values.some((text) => escaped.test(text))
}

/** The bytes that a text stands for: U+F700 to U+F7FF are EF 9C 80 to EF 9F BF in UTF-8, where EF is always a first byte. */
export function bytesOfText(text: string): Buffer {
  const bytes = Buffer.from(text)
  let length = 0
  for (let at = 0; at < bytes.length; at++)
    if (bytes[at] === 0xef && (bytes[at + 1]! & 0xfc) === 0x9c)
      bytes[length++] = (bytes[++at]! << 6) | (bytes[++at]! & 0x3f)
    else bytes[length++] = bytes[at]!
  return bytes.subarray(0, length)
}

function escape(bytes: Buffer): string {
  const units = new Uint16Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length;) {
    const point = pointAt(bytes, at)
    if (point <= 0 || isEscape(point)) units[length++] = escapeBase + bytes[at++]!
    else {
      at += sizeOf(point)
      if (point < 0x10000) units[length++] = point
      else {
        units[length++] = 0xd7c0 + (point >> 10)
        units[length++] = 0xdc00 + (point & 0x3ff)
      }
    }
  }
  return Buffer.from(units.buffer, 0, 2 * length).toString('utf16le')
}

function isEscape(point: number): boolean {
  return point >= escapeBase && point < escapeBase + 256
}

const lowestOfSize = [0, 0, 0x80, 0x800, 0x10000]

/** The code point whose UTF-8 begins here (RFC 3629 §4); −1 where none does. */
function pointAt(bytes: Buffer, at: number): number {
  const lead = bytes[at]!
  const size = sizeByLead(lead)
  if (size === 1) return lead
  if (size === 0 || at + size > bytes.length) return -1
  let point = lead & (0x7f >> size)
  for (let next = at + 1; next < at + size; next++) {
    const byte = bytes[next]!
    if ((byte & 0xc0) !== 0x80) return -1
    point = (point << 6) | (byte & 0x3f)
  }
  const isSurrogate = point >= 0xd800 && point <= 0xdfff
  return point < lowestOfSize[size]! || point > 0x10ffff || isSurrogate ? -1 : point
}

/** 0 for a byte that begins nothing. */
function sizeByLead(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
}

function sizeOf(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
}
