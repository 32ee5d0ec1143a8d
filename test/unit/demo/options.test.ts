import { parseOptions } from '../../../webserver/demo/options'

describe('options of the demo', () => {
  it('joins the words to one text', () => {
    expect(parseOptions(['two', 'words', '--url', 'http://127.0.0.1:1'])).toMatchObject({
      text: 'two words',
      url: 'http://127.0.0.1:1',
    })
  })

  it('has a text of its own when no words are given', () => {
    expect(parseOptions([])?.text).not.toBe('')
  })

  it('refuses what it does not know and what is no URL', () => {
    expect(() => parseOptions(['--colour'])).toThrow('--colour')
    expect(() => parseOptions(['--url', 'nowhere'])).toThrow('nowhere')
  })

  it('gives way to help', () => {
    expect(parseOptions(['--help'])).toBeNull()
  })
})
