import type { IncomingMessage } from 'node:http'
import { answerTensor, type RunValues } from './answer-tensor'
import { type DecodedInfer, headerBytesOf, type InferDecoder } from './decode-infer'
import { decodeNpy } from './decode-npy'
import { type EncodedInfer, encodeInfer } from './encode-infer'
import { encodeNpy } from './encode-npy'
import type { InferPlan } from './infer-plan'
import { jsonRefusalOf } from './plan-outputs'
import { refuse, shown } from './request-fields'
import type { ServedModel } from './served-model'
import type { SharedMemory } from './shared-memory'

/** A request in whatever form it came. */
export interface DecodedRequest extends DecodedInfer {
  /** Whether the answer is its one output as a `.npy` file, in place of JSON and binary tensors. */
  answersNpy: boolean
}

/**
 * Reads a body in the form that the request's headers state.
 * @throws {AppError} `invalid`, `unsupported`.
 */
export function decodeRequest(
  { headers, url }: IncomingMessage,
  body: Buffer,
  decoder: InferDecoder,
): DecodedRequest {
  const form = npyFormOf(headers, url!)
  const { plan, values } =
    form?.isInput === true
      ? decodeNpy(body, decoder.model)
      : decoder.decode(
          body,
          headerBytesOf(headers[headerLength] as string | undefined, body.length),
        )
  if (form !== null)
    return { plan: planForm(plan, form, decoder.model), values, answersNpy: form.isAnswer }
  requireJson(plan)
  return { plan, values, answersNpy: false }
}

const headerLength = 'inference-header-content-length'

/** Writes the answer in the form that was asked for. @throws {AppError} `invalid` for what it cannot express. */
export function encodeReply(
  { plan, answersNpy }: Pick<DecodedRequest, 'plan' | 'answersNpy'>,
  model: ServedModel,
  { values, memory }: { values: RunValues; memory: SharedMemory | null },
): EncodedInfer {
  if (!answersNpy) return encodeInfer(plan, model, { values, memory })
  return encodeNpy(answerTensor(plan.outputs[0]!, model, values))
}

function requireJson({ jsonRefusal }: InferPlan): void {
  if (jsonRefusal !== null) refuse(jsonRefusal)
}

/** Where a request has to do with `.npy` files, for people who call with curl and NumPy. */
interface NpyForm {
  /** Whether the body is one. */
  isInput: boolean
  /** Whether the answer is to be one. */
  isAnswer: boolean
  /** The one output that is asked for by the query, as `?output=name`. */
  output: string | null
}

const mediaType = 'application/x-npy'

/** @returns null for the protocol's own forms. */
function npyFormOf(
  { accept, 'content-type': type }: IncomingMessage['headers'],
  url: string,
): NpyForm | null {
  const isInput = type?.startsWith(mediaType) === true && isNpy(type)
  const isAnswer = accept?.includes(mediaType) === true && accept.split(',').some(isNpy)
  if (!isInput && !isAnswer) return null
  const query = url.indexOf('?')
  const output = query === -1 ? null : new URLSearchParams(url.slice(query)).get('output')
  return { isInput, isAnswer, output }
}

const refusedWeight = /;\s*q=0(\.0*)?\s*$/

function isNpy(entry: string): boolean {
  return entry.split(';', 1)[0]!.trim() === mediaType && !refusedWeight.test(entry)
}

/**
 * The plan with the outputs that this form answers: the one of the query, all others for JSON, one for a `.npy` file.
 * @throws {AppError} `invalid` when it is not clear which one.
 */
function planForm(plan: InferPlan, { isAnswer, output }: NpyForm, model: ServedModel): InferPlan {
  const outputs =
    output === null ? plan.outputs : plan.outputs.filter(({ spec }) => spec.name === output)
  if (output !== null && outputs.length === 0)
    refuse(`unexpected inference output '${shown(output)}' for model '${model.name}'`)
  if (isAnswer && outputs.some(({ region }) => region !== null))
    refuse(`shared memory does not go with ${mediaType}`)
  if (isAnswer && outputs.length > 1) {
    const names = outputs.map(({ spec }) => `'${spec.name}'`)
    refuse(
      `a .npy file holds one output, '${model.name}' would answer [${shown(names.join(','))}]. ` +
        `Please choose one by the query, such as ?output=${encodeURIComponent(outputs[0]!.spec.name)}`,
    )
  }
  const chosen = { ...plan, outputs, jsonRefusal: jsonRefusalOf(outputs) }
  if (!isAnswer) requireJson(chosen)
  return chosen
}
