// A printed line without colours, and as a terminal would leave it after carriage returns. Pure.
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function plain(text: string): string {
  const parts = text.replace(COLOURS, "").split("\r").filter((part) => part.trim() !== "");
  return (parts.at(-1) ?? "").trimEnd();
}
