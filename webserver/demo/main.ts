import { createHash } from 'node:crypto'
import { Client, filePath, ServiceError, type Exchange } from './client'
import { drawText } from './draw'
import { parseOptions, usage, type DemoOptions } from './options'
import { latestRun, perfLinesOf } from './perf-lines'
import { decodeText, pictureToTensor, readAlphabet } from './recognise'
import { signIn } from './sign-in'
import { requireFloats } from './tensors'
import { loudness, plotBars, speechProbabilities } from './vad'
import { synthesisePassages } from './wave'

const ocrModel = 'ppocr-rec'
const vadModel = 'silero-vad'
const passageSeconds = 1.6
const plotColumnsPerPassage = 14

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main(args: readonly string[]): Promise<number> {
  let options: DemoOptions | null
  try {
    options = parseOptions(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  if (options === null) {
    process.stdout.write(usage)
    return 0
  }
  try {
    await runDemo(options)
    return 0
  } catch (error) {
    process.stderr.write(`The demo failed. ${describe(error)}\n`)
    return 1
  }
}

function describe(error: unknown): string {
  if (error instanceof ServiceError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function runDemo(options: DemoOptions): Promise<void> {
  const client = new Client(options.url)
  const account = await signIn(client, options.dataDirectory)
  say(`Signed in at ${options.url} as ${account}.`)
  const picture = await keepPicture(client, account, options.text)
  await readPicture(client, picture, options.text)
  await listen(client)
  reportTimings(client.exchanges, options.perfLogs)
}

/** Uploads the picture and returns it as the service gives it back. */
async function keepPicture(client: Client, account: string, text: string): Promise<Buffer> {
  const drawn = drawText(text)
  const path = filePath(account, 'demo/words.png')
  const kept = await client.putFile({ path, contentType: 'image/png', body: drawn })
  say(`Uploaded a picture of "${text}" (${drawn.length} bytes) to ${path}.`)
  const returned = await client.getFile(path)
  const digest = createHash('sha256').update(returned).digest('hex')
  const drawnDigest = createHash('sha256').update(drawn).digest('hex')
  if (kept !== drawnDigest || digest !== drawnDigest)
    throw new ServiceError('the file that came back is not the one that was uploaded', 200)
  say(`Read it back: SHA-256 ${digest}, as uploaded.`)
  return returned
}

async function readPicture(client: Client, picture: Buffer, drawn: string): Promise<void> {
  const outputs = await client.infer(ocrModel, [await pictureToTensor(picture)])
  const [output] = outputs
  if (output === undefined) throw new ServiceError(`${ocrModel} answered no output`, 200)
  const { text, confidence } = decodeText(requireFloats(outputs, output.name), readAlphabet())
  say(`\n${ocrModel} reads: "${text}"`)
  say(`Confidence ${confidence.toFixed(3)}. ${verdict(text, drawn)}\n`)
}

function verdict(read: string, drawn: string): string {
  if (read === drawn) return 'These are the words that were drawn.'
  if (withoutSpaces(read) === withoutSpaces(drawn))
    return `Drawn was "${drawn}": the letters agree, the spaces do not.`
  return `Misread: drawn was "${drawn}".`
}

function withoutSpaces(text: string): string {
  return text.replace(/\s/g, '')
}

async function listen(client: Client): Promise<void> {
  const passages = synthesisePassages(passageSeconds)
  const wave = Float32Array.from(passages.flatMap(({ samples }) => [...samples]))
  const probabilities = await speechProbabilities(wave, (inputs) => client.infer(vadModel, inputs))
  const columns = plotColumnsPerPassage * passages.length
  say(`${vadModel} listens to ${probabilities.length} frames of 32 ms, its state carried on:`)
  say(`  wave    ${plotBars(loudness(wave), columns)}`)
  say(`  speech  ${plotBars(probabilities, columns)}`)
  say(`          ${passages.map(({ name }) => name.padEnd(plotColumnsPerPassage)).join('')}`)
  const share = probabilities.length / passages.length
  for (const [index, { name }] of passages.entries()) {
    const part = probabilities.slice(Math.round(index * share), Math.round((index + 1) * share))
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length
    say(`  ${name.padEnd(12)} mean probability of speech ${mean.toFixed(2)}`)
  }
}

function reportTimings(exchanges: readonly Exchange[], perfLogs: string): void {
  say('\nTimings, as this client saw them:')
  for (const what of new Set(exchanges.map((exchange) => exchange.what))) {
    const durations = exchanges.filter((exchange) => exchange.what === what)
    const totalMs = durations.reduce((sum, { durationMs }) => sum + durationMs, 0)
    const times = durations.length === 1 ? '' : `, mean of ${durations.length}`
    say(`  ${what.padEnd(20)} ${(totalMs / durations.length).toFixed(2).padStart(9)} ms${times}`)
  }
  reportPerfLog(exchanges, perfLogs)
}

function reportPerfLog(exchanges: readonly Exchange[], perfLogs: string): void {
  const run = latestRun(perfLogs)
  if (run === null) {
    say(`\nNo perf log: ${perfLogs} holds no run.`)
    return
  }
  say(`\nThe same requests in the perf log, ${run} (times in µs):`)
  const firsts = exchanges.filter(
    ({ what }, index) => exchanges.findIndex((other) => other.what === what) === index,
  )
  for (const { what, requestId } of firsts) {
    const lines = requestId === null ? [] : perfLinesOf(run, requestId)
    for (const line of lines.length === 0 ? ['(no line)'] : lines) say(`  ${what}: ${line}`)
  }
}

// Whoever reads may stop reading, as `head` does.
process.stdout.once('error', () => process.exit())

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
