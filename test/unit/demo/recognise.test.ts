import { drawText } from '../../../webserver/demo/draw'
import { decodeText, pictureToTensor, readAlphabet } from '../../../webserver/demo/recognise'

const alphabet = ['', 'a', 'b', ' ']

function stepsOf(classes: readonly number[], probability: number) {
  const data = new Float32Array(classes.length * alphabet.length)
  for (const [step, best] of classes.entries()) data[step * alphabet.length + best] = probability
  return { shape: [1, classes.length, alphabet.length], data }
}

describe('CTC decoding', () => {
  it('joins repeats, drops blanks and margins and keeps a letter that a blank divides', () => {
    expect(decodeText(stepsOf([3, 1, 1, 0, 1, 3, 2, 2, 0, 3], 0.75), alphabet)).toEqual({
      text: 'aa b',
      confidence: 0.75,
    })
  })

  it('reads nothing with no confidence from blanks alone', () => {
    expect(decodeText(stepsOf([0, 0, 0], 1), alphabet)).toEqual({ text: '', confidence: 0 })
  })

  it('refuses a model that knows other characters', () => {
    expect(() => decodeText(stepsOf([1], 1), ['', 'a'])).toThrow('4 characters')
  })
})

describe('the alphabet', () => {
  it('has a class for the blank, each line of the key file and the space', () => {
    const read = readAlphabet()
    expect([read.length, read[0], read.at(-1)]).toEqual([6625, '', ' '])
  })
})

describe('the picture', () => {
  it('becomes three planes of height 48 between -1 and 1, white outside the words', async () => {
    const { shape, data } = await pictureToTensor(drawText('mill'))
    const [items, channels, height, width = 0] = shape
    expect([items, channels, height]).toEqual([1, 3, 48])
    expect(data).toHaveLength(3 * 48 * width)
    expect(data[0]).toBe(1)
    expect(data.reduce((min, value) => Math.min(min, value), 1)).toBeLessThan(-0.9)
  })

  it('is wider for more words', async () => {
    const [short, long] = [
      await pictureToTensor(drawText('a')),
      await pictureToTensor(drawText('a mill')),
    ]
    expect(long.shape[3]!).toBeGreaterThan(short.shape[3]!)
  })
})
