package requestmatch

import (
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Risk is the greatest risk among the parts of a pattern.
func Risk(p *mapping.RequestPattern) match.Risk {
	risk := match.NoRisk
	if p.BasicAuth != nil {
		risk = match.Risky // on a header shorter than the prefix
	}
	for _, head := range []match.Pattern{p.Host, p.ClientIP} {
		if head != nil {
			risk = max(risk, match.RiskOf(head))
		}
	}
	for _, list := range [][]mapping.Named[match.MultiPattern]{p.Headers, p.QueryParameters, p.FormParameters} {
		risk = max(risk, riskOfNamed(list, match.RiskOfAll))
	}
	risk = max(risk, riskOfNamed(p.PathParameters, match.RiskOf), riskOfNamed(p.Cookies, match.RiskOf).Hidden())
	risk = max(risk, riskOfBody(p.BodyPatterns))
	for _, m := range p.Multipart {
		risk = max(risk, riskOfNamed(m.Headers, match.RiskOfAll), riskOfBody(m.BodyPatterns).Hidden()) // one part may fit, and another fail
	}
	return risk
}

func riskOfNamed[P any](list []mapping.Named[P], of func(P) match.Risk) match.Risk {
	risk := match.NoRisk
	for _, n := range list {
		risk = max(risk, of(n.Pattern))
	}
	return risk
}

func riskOfBody(list []match.Pattern) match.Risk {
	risk := match.NoRisk
	for _, p := range list {
		risk = max(risk, match.RiskOf(p))
	}
	return risk
}
