package strictjson

// deep reads an object or array that may nest without limit. It checks the same
// grammar as list, but a level takes one byte of the heap and no stack.
func (p *parser) deep() error {
	var open []byte // the closing brackets to come
	for {
		k := kind(p.data[p.pos:])
		opened := k == anObject || k == anArray
		if opened {
			open = append(open, p.data[p.pos]+2) // ASCII has [ \ ] and { | }
			p.pos++
		} else if err := p.value(); err != nil {
			return err
		}
		for {
			last := open[len(open)-1]
			p.space()
			if p.skip(last) {
				if open = open[:len(open)-1]; len(open) == 0 {
					return nil
				}
				opened = false
				continue
			}
			if !opened && !p.skip(',') {
				return p.unexpected()
			}
			p.space()
			if last == '}' {
				if _, err := p.name(); err != nil {
					return err
				}
			}
			break
		}
	}
}
