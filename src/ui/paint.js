// Fetches what colours code when it is first needed.

export async function paint(code, language) {
  const painter = await import(new URL('highlight/paint.js', document.baseURI));
  await painter.paint(code, language);
}
