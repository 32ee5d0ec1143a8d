import { isUtf8 } from 'node:buffer'
import type { Values } from './datatypes'
import { parseExactJson } from './exact-json'
import { type InferPlan, type InputPlan, planInfer, planTensor } from './infer-plan'
import { nestsTooDeep } from './json-depth'
import { limits } from './limits'
import { refuse } from './request-fields'
import type { ServedModel } from './served-model'
import { elementsOf } from './shape'
import { binaryValues, InexactNumberError, jsonValues } from './tensor-values'

/** A request that is ready to run. */
export interface DecodedInfer {
  plan: InferPlan
  /** By the index of the model's input; those in shared memory are still absent. */
  values: readonly Values[]
}

const cachedPlansMax = 64
const cachedTextLengthMax = 2048

/**
 * Reads infer requests for one model (Open Inference Protocol v2, binary tensor data extension). Clients repeat the JSON
 * of a binary request to the letter, so the plans of the latest ones are kept.
 */
export class InferDecoder {
  private readonly plans = new Map<string, InferPlan>()

  constructor(readonly model: ServedModel) {}

  /**
   * @param headerBytes how much of the body is JSON; 0 for a body that is one tensor and nothing else.
   * @throws {AppError} `invalid`, `unsupported`.
   */
  decode(body: Buffer, headerBytes: number): DecodedInfer {
    if (headerBytes === 0) return this.decodeRaw(body)
    const json = body.subarray(0, headerBytes)
    const blobs = body.subarray(headerBytes)
    if (headerBytes > cachedTextLengthMax) return this.decodeText(json, blobs)
    const text = json.toString('utf8')
    const known = this.plans.get(text)
    if (known !== undefined) return this.withBlobs(known, blobs)
    const decoded = this.decodeText(json, blobs)
    this.keep(text, decoded.plan)
    return decoded
  }

  private keep(text: string, plan: InferPlan): void {
    if (plan.id !== null || plan.inputs.some(({ source }) => 'data' in source)) return
    if (this.plans.size >= cachedPlansMax) this.plans.clear()
    this.plans.set(text, plan)
  }

  private decodeText(json: Buffer, blobs: Buffer): DecodedInfer {
    if (nestsTooDeep(json))
      refuse(
        `Unable to parse 'data': JSON nesting depth exceeds maximum allowed limit (${limits.jsonDepth})`,
      )
    // Decoding would put replacement characters in place of what is not UTF-8.
    if (!isUtf8(json)) refuse('failed to parse the request JSON buffer: the text is not UTF-8')
    const text = json.toString('utf8')
    const quick = quickParse(text)
    if (quick === undefined) return this.withBlobs(this.plan(parseExactJson(text)), blobs)
    try {
      return this.withBlobs(this.plan(quick), blobs)
    } catch (error) {
      if (!(error instanceof InexactNumberError)) throw error
      return this.withBlobs(this.plan(parseExactJson(text)), blobs)
    }
  }

  private plan(json: unknown): InferPlan {
    return planInfer(json, this.model)
  }

  private withBlobs(plan: InferPlan, blobs: Buffer): DecodedInfer {
    if (blobs.length > plan.blobBytes)
      refuse(`unexpected additional input data for model '${this.model.name}'`)
    const values: Values[] = new Array<Values>(plan.inputs.length)
    let at = 0
    for (const input of plan.inputs) {
      const { source } = input
      if ('data' in source) values[input.spec.index] = jsonValues(input, source.data)
      else if ('binaryBytes' in source) {
        const end = at + source.binaryBytes
        if (end > blobs.length) this.refuseShort(input, end - blobs.length)
        values[input.spec.index] = binaryValues(input, blobs.subarray(at, end), this.model)
        at = end
      }
    }
    return { plan, values }
  }

  private refuseShort({ spec }: InputPlan, missingBytes: number): never {
    refuse(
      `unexpected size for input '${spec.name}', expecting ${missingBytes} additional bytes for ` +
        `model '${this.model.name}'`,
    )
  }

  /** A raw binary request: the body is the one input; its variable dimension follows from its size. */
  private decodeRaw(body: Buffer): DecodedInfer {
    const spec = this.model.inputs[0]
    if (spec === undefined || this.model.inputs.length !== 1)
      refuse(
        `a raw binary request needs a model with one input, '${this.model.name}' has ` +
          `${this.model.inputs.length}`,
      )
    const text = spec.datatype.json === 'string'
    const shape = text ? this.rawTextShape() : this.rawShape(body.length)
    const source = { binaryBytes: body.length + (text ? 4 : 0) }
    const input: InputPlan = { spec, shape, elements: elementsOf(shape), source }
    const plan = planTensor(input, true, this.model)
    return this.withBlobs(plan, text ? withLength(body) : body)
  }

  private rawTextShape(): number[] {
    const dims = this.model.inputs[0]!.dims
    if (dims.every((dim) => dim === 1 || dim === -1)) return dims.map(() => 1)
    refuse(`a raw binary request of BYTES is one string, '${this.model.name}' takes more`)
  }

  private rawShape(sizeBytes: number): number[] {
    const { dims, datatype, name } = this.model.inputs[0]!
    const shape = dims.map((dim, index) => (index === 0 && this.model.joinable ? 1 : dim))
    const variable = shape.indexOf(-1)
    if (variable === -1) return this.requireRawSize(shape, sizeBytes)
    if (shape.includes(-1, variable + 1))
      refuse(
        `the shape of a raw binary request cannot be told: input '${name}' has more than one ` +
          `variable dimension`,
      )
    const rowBytes = elementsOf(shape.with(variable, 1)) * datatype.sizeBytes
    return this.requireRawSize(shape.with(variable, Math.floor(sizeBytes / rowBytes)), sizeBytes)
  }

  private requireRawSize(shape: number[], sizeBytes: number): number[] {
    const { name, datatype } = this.model.inputs[0]!
    const expected = elementsOf(shape) * datatype.sizeBytes
    if (expected === sizeBytes) return shape
    refuse(
      `input byte size mismatch for input '${name}' for model '${this.model.name}'. ` +
        `Expected ${expected}, got ${sizeBytes}`,
    )
  }
}

function withLength(body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + body.length)
  bytes.writeUInt32LE(body.length, 0)
  body.copy(bytes, 4)
  return bytes
}

function quickParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const headerMax = 2 ** 31

/**
 * How many bytes of a body are JSON, from `Inference-Header-Content-Length`; 0 is a raw binary request.
 * @throws {AppError} `invalid`.
 */
export function headerBytesOf(header: string | undefined, bodyBytes: number): number {
  if (header === undefined) {
    if (bodyBytes === 0) refuse('the request body is empty')
    return bodyBytes
  }
  if (!/^-?[0-9]+$/.test(header))
    refuse(`Unable to parse Inference-Header-Content-Length, got: ${header.slice(0, 40)}`)
  const bytes = Number(header)
  if (bytes >= headerMax || bytes < -headerMax)
    refuse(
      `Unable to parse Inference-Header-Content-Length, value is out of range ` +
        `[-2147483648, 2147483647], got: ${header.slice(0, 40)}`,
    )
  if (bytes < 0 || bytes > bodyBytes)
    refuse(`inference header size should be in range (0, ${bodyBytes}), got: ${bytes}`)
  return bytes
}
