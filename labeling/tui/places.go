package tui

import (
	"slices"

	"plumbline/labeling"
)

// The store names candidates by their ids; the screen by where they stand, from 1.

// inPlaces is an answer in places, about the candidates shown.
func inPlaces(a labeling.Answer, shown []labeling.CandidateID) labeling.Answer {
	return renamed(a, func(id labeling.CandidateID) labeling.CandidateID {
		return labeling.CandidateID(slices.Index(shown, id) + 1)
	})
}

// inIDs is inPlaces' inverse.
func inIDs(a labeling.Answer, shown []labeling.CandidateID) labeling.Answer {
	return renamed(a, func(place labeling.CandidateID) labeling.CandidateID { return shown[place-1] })
}

func renamed(a labeling.Answer, name func(labeling.CandidateID) labeling.CandidateID) labeling.Answer {
	a.Responses = renamedResponses(a.Responses, name)
	if a.Edit != nil {
		a.Edit = &labeling.Edit{Of: name(a.Edit.Of), Text: a.Edit.Text}
	}
	return a
}

func renamedResponses(all map[string]labeling.Response, name func(labeling.CandidateID) labeling.CandidateID) map[string]labeling.Response {
	out := map[string]labeling.Response{}
	for key, r := range all {
		n := labeling.Response{Strength: r.Strength}
		for _, group := range r.Order {
			var g []labeling.CandidateID
			for _, id := range group {
				g = append(g, name(id))
			}
			n.Order = append(n.Order, g)
		}
		for id, m := range r.Marks {
			if n.Marks == nil {
				n.Marks = map[labeling.CandidateID]int{}
			}
			n.Marks[name(id)] = m
		}
		out[key] = n
	}
	return out
}
