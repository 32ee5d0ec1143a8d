import type { Socket } from 'node:net'
import type { RequestHandler } from 'express'

/** Requests of one connection that may wait for the one before them; more end the connection. */
const waitingMax = 128

/**
 * Takes the requests of one connection one after another, as nginx does where it stands in front. Node hands over all
 * that a client sends at once, and when the connection closes, the answers that had to wait never hear of it: what was
 * counted for their requests would be counted for ever.
 */
export function inTurn(): RequestHandler {
  const waiting = new WeakMap<Socket, number>()
  return (req, res, next) => {
    // An answer has the connection from when its turn has come.
    if (res.socket !== null) {
      next()
      return
    }
    const count = (waiting.get(req.socket) ?? 0) + 1
    waiting.set(req.socket, count)
    if (count > waitingMax) req.socket.destroy()
    res.once('socket', () => {
      waiting.set(req.socket, waiting.get(req.socket)! - 1)
      next()
    })
  }
}
