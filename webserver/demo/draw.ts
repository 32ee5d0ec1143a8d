import { createCanvas, GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas'

const family = 'Gristmill demo'
const fontPx = 42
const marginPx = 14
const heightPx = 64

/** Draws one line of black text on white and returns the picture as PNG. The font comes from a package: a machine may have none. */
export function drawText(text: string): Buffer {
  if (!GlobalFonts.has(family)) {
    const key = GlobalFonts.registerFromPath(
      require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
      family,
    )
    if (key === null) throw new Error('the font of dejavu-fonts-ttf could not be read')
  }
  const canvas = createCanvas(widthPxOf(text) + 2 * marginPx, heightPx)
  const context = canvas.getContext('2d')
  context.fillStyle = 'white'
  context.fillRect(0, 0, canvas.width, canvas.height)
  useFont(context)
  context.fillStyle = 'black'
  context.fillText(text, marginPx, heightPx / 2)
  return canvas.toBuffer('image/png')
}

function widthPxOf(text: string): number {
  const context = createCanvas(1, 1).getContext('2d')
  useFont(context)
  return Math.ceil(context.measureText(text).width)
}

function useFont(context: SKRSContext2D): void {
  context.font = `${fontPx}px "${family}"`
  context.textBaseline = 'middle'
}
