// What is measured inside of the page.

/** Texts whose contrast with what is behind them is less than WCAG 2.1 AA asks for (1.4.3). */
export function pale() {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const painter = canvas.getContext('2d', { willReadFrequently: true });
  const rgba = text => {
    painter.clearRect(0, 0, 1, 1);
    painter.fillStyle = text;
    painter.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = painter.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3]));
  const luminance = colour => {
    const [r, g, b] = colour.map(c => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = node => {
    const layers = [];
    for (let up = node; up; up = up.parentElement) layers.push(rgba(getComputedStyle(up).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === '' || node.closest('title, option, script, .unseen')) continue;
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    if (box.width === 0 || box.height === 0 || style.visibility === 'hidden') continue;
    const behind = ground(node);
    const text = over(rgba(node.namespaceURI.endsWith('svg') ? style.fill : style.color), behind);
    const [dark, light] = [luminance(text), luminance(behind)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5))
      found.push(`${ratio.toFixed(2)} ${node.tagName}.${node.className} "${walker.currentNode.data.slice(0, 30)}"`);
  }
  return [...new Set(found)];
}

/** Controls without a name, images without one, ids that are there twice, references to none. */
export function nameless() {
  const found = [];
  const named = node => node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length > 0 ||
    node.getAttribute('aria-labelledby');
  for (const node of document.querySelectorAll('a[href], button, input, select, [role="img"], meter, table, [role="tree"]'))
    if (node.checkVisibility() && !named(node)) found.push(node.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll('[id]')].map(n => n.id);
  found.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map(id => `#${id} twice`));
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  return found;
}
