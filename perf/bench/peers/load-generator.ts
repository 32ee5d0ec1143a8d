import { Generator } from '../load/generator'
import type { LoadOrder } from '../load/load'

process.on('message', (order: LoadOrder) => {
  void new Generator(order).run().then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
