// Language of the page: the link's `?lang=`, which is kept, else the last choice, else the browser's; English and Japanese.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Resource } from "./en";

export const LANGUAGES = { en: "English", ja: "日本語" } as const;
export type Language = keyof typeof LANGUAGES;
const KEY = "shirushi.language";

function firstLanguage(): Language {
  const asked = new URLSearchParams(window.location.search).get("lang");
  if (asked !== null) localStorage.setItem(KEY, asked);
  const wanted = asked ?? localStorage.getItem(KEY) ?? navigator.language;
  return wanted.startsWith("ja") ? "ja" : "en";
}

/** Texts of one language; the other's are not loaded before somebody wants them. */
const TEXTS: Record<Language, () => Promise<Resource>> = {
  en: async () => (await import("./en")).en,
  ja: async () => (await import("./ja")).ja,
};

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEY, language);
  i18next.addResourceBundle(language, "translation", await TEXTS[language]());
  await i18next.changeLanguage(language);
}

i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
});

/** Resolves once the page can speak. */
export async function speak(): Promise<void> {
  const language = firstLanguage();
  await i18next.use(initReactI18next).init({
    resources: { [language]: { translation: await TEXTS[language]() } },
    lng: language,
    fallbackLng: false, // both are complete: a test says so
    interpolation: { escapeValue: false }, // React escapes
  });
}
