import fc from 'fast-check'
import { requireFilePath } from '../../webserver/domain/file'

const longSegment = 'a'.repeat(255)
const longPath = `${longSegment}/${longSegment}/${longSegment}/${'a'.repeat(254)}/b`
// 3 bytes each in UTF-8.
const wide = '漢'

describe('the rule for names', () => {
  test.each([
    ['a plain name', 'a.txt'],
    ['folders', 'a/b/c.txt'],
    ['a leading dot', '.profile'],
    ['dots inside', 'a..b/...'],
    ['a leading dash', '-rf'],
    ['a tilde', '~'],
    ['a device name of other systems', 'CON'],
    ['a colon', 'a:b'],
    ['a trailing dot and space', 'a. '],
    ['quotes, percent, question mark', `"'%2e?#&`],
    ['emoji', '😀.png'],
    ['the longest segment', longSegment],
    ['the longest segment of wide characters', wide.repeat(85)],
    ['the longest path', longPath],
  ])('takes %s', (_name, path) => {
    expect(requireFilePath(path)).toBe(path)
  })

  test.each([
    ['nothing', ''],
    ['a leading slash', '/a'],
    ['a trailing slash', 'a/'],
    ['an empty segment', 'a//b'],
    ['a dot', '.'],
    ['a dot as a segment', 'a/./b'],
    ['two dots', '..'],
    ['two dots at the front', '../etc/passwd'],
    ['two dots at the end', 'a/..'],
    ['NUL', 'a\0b'],
    ['CR', 'a\rb'],
    ['LF', 'a\nb'],
    ['ESC', 'a\x1bb'],
    ['DEL', 'a\x7fb'],
    ['a C1 control', 'a\x85b'],
    ['a line separator', 'a\u2028b'],
    ['a right-to-left override', 'a\u202egpj.exe'],
    ['a directional isolate', 'a\u2066b'],
    ['a backslash', '..\\a'],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00a'],
    ['a segment of 256 bytes', `${longSegment}a`],
    ['a segment of 86 wide characters', wide.repeat(86)],
    ['a path of 1025 bytes', `${longPath}b`],
    ['a path of 4096 bytes', 'a/'.repeat(2047) + 'aa'],
  ])('refuses %s', (_name, path) => {
    expect(() => requireFilePath(path)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'path' }) as Error,
    )
  })

  test('names that look the same are the same', () => {
    expect(requireFilePath('Cafe\u0301')).toBe('Caf\u00e9')
    expect(requireFilePath('A')).not.toBe(requireFilePath('a'))
  })

  test('what it takes is stable, in NFC, short enough and never climbs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const path = accepted(text)
        if (path === null) return
        expect(requireFilePath(path)).toBe(path)
        expect(path.normalize('NFC')).toBe(path)
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(1024)
        expect(path.split('/').some((segment) => ['', '.', '..'].includes(segment))).toBe(false)
        // eslint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(path).not.toMatch(/[\0-\x1f\x7f\\]/)
      }),
    )
  })
})

function accepted(text: string): string | null {
  try {
    return requireFilePath(text)
  } catch {
    return null
  }
}
