// A drawing as a picture: SVG in, PNG out, to the clipboard or into a file. Loaded when somebody first asks for one.

/** Pixels of the picture for each of the drawing. */
const FINE = 2;

async function png(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * FINE;
    canvas.height = image.naturalHeight * FINE;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Puts the drawing on the clipboard as a PNG. */
export async function copyPicture(svg: string, _title: string): Promise<void> {
  // Safari wants the promise itself: it would not take what comes after one.
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png(svg) })]);
}

/** Saves it as a PNG named after its title. */
export async function savePicture(svg: string, title: string): Promise<void> {
  const address = URL.createObjectURL(await png(svg));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${title.replace(/[\\/:*?"<>|]+/g, " ").trim() || "opscape"}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
