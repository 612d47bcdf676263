// Every class at the operating point, the weakest first; its counts open the boxes behind them.
import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { Panels } from "../../api/panels";
import { count, share } from "../../parts/format";
import { Dim, Section } from "../../parts/parts";
import type { Selection } from "./selection";

const KINDS = ["tp", "fp", "fn"] as const;
const RATES = ["precision", "recall", "f1", "ap50", "ap50_95"] as const;
const HEADS = ["precision", "recall", "f1_score", "ap50", "ap50_95", "support"] as const;

type Open = (selection: Selection) => void;

/** Plain cells, not Mantine's: a hundred classes are drawn again with each step of a slider. */
export const Classes = memo(function Classes({ found, onOpen }: { found: Panels; onOpen: Open }) {
  const { t } = useTranslation();
  const rows = Object.entries(found.class_metrics).sort(
    ([, a], [, b]) => Number(b.support > 0) - Number(a.support > 0) || a.f1 - b.f1,
  );
  return (
    <Section title={t("evals.perClass")} testId="per-class" aside={<Dim>{t("evals.weakestFirst")}</Dim>}>
      <div className="scroll-x tall" tabIndex={0} role="group" aria-label={t("evals.perClass")}>
        <table className="figures">
          <thead>
            <tr>
              <th scope="col">{t("metric.class")}</th>
              {HEADS.map((name) => (
                <th key={name} scope="col">
                  {t(`metric.${name}`)}
                </th>
              ))}
              {KINDS.map((kind) => (
                <th key={kind} scope="col" title={t(`evals.kind.${kind}`)}>
                  {kind.toUpperCase()}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, row]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {RATES.map((rate) => (
                  <td key={rate}>{share(row[rate])}</td>
                ))}
                <td>{count(row.support)}</td>
                {KINDS.map((kind) => (
                  <td key={kind}>
                    {row[kind] === 0 ? (
                      0
                    ) : (
                      <button
                        type="button"
                        className="plain-button number"
                        onClick={() => onOpen({ of: "class", kind, name })}
                        aria-label={`${name}: ${t(`evals.kind.${kind}`)} ${row[kind]}`}
                      >
                        {count(row[kind])}
                      </button>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
});
