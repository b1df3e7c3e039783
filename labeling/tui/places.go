package tui

import (
	"slices"

	"plumbline/labeling"
)

// The store names candidates by their ids; the screen by where they stand, from 1.

// inPlaces is an answer in places, about the candidates shown.
func inPlaces(a labeling.Answer, shown []labeling.CandidateID) labeling.Answer {
	return a.Renamed(func(id labeling.CandidateID) labeling.CandidateID {
		return labeling.CandidateID(slices.Index(shown, id) + 1)
	})
}

// inIDs is inPlaces' inverse.
func inIDs(a labeling.Answer, shown []labeling.CandidateID) labeling.Answer {
	return a.Renamed(func(place labeling.CandidateID) labeling.CandidateID { return shown[place-1] })
}
