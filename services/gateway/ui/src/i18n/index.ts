// Language of the page: the link's `?lang=`, which is kept, else the last choice, else the browser's; English and Japanese.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";
import { ja } from "./ja";

export const LANGUAGES = { en: "English", ja: "日本語" } as const;
export type Language = keyof typeof LANGUAGES;
const KEY = "shirushi.language";

function firstLanguage(): Language {
  const asked = new URLSearchParams(window.location.search).get("lang");
  if (asked !== null) localStorage.setItem(KEY, asked);
  const wanted = asked ?? localStorage.getItem(KEY) ?? navigator.language;
  return wanted.startsWith("ja") ? "ja" : "en";
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  void i18next.changeLanguage(language);
}

i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
});

void i18next.use(initReactI18next).init({
  resources: { en: { translation: en }, ja: { translation: ja } },
  lng: firstLanguage(),
  fallbackLng: "en",
  interpolation: { escapeValue: false }, // React escapes
});
